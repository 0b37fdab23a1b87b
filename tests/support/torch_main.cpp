#include <gtest/gtest.h>

#include "sinkscope/model/device.h"

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  sinkscope::model::start_vector_math();
  return RUN_ALL_TESTS();
}
