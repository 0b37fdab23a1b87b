#pragma once

namespace sinkscope::model {

/// Has freed CPU tensors kept for later ones of the same size, for the whole process. A system allocator gives large
/// ones back to the kernel, whose page faults then cost more than the arithmetic, or splits and joins them so that a
/// long run touches ever new pages. Call first thing in main.
void keep_memory();

}  // namespace sinkscope::model
