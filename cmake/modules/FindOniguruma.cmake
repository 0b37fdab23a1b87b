include(PlainLibrary)
sinkscope_find_plain(Oniguruma onig oniguruma.h)
