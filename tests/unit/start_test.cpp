// The program's libraries beside sentencepiece in one process: their protobuf and flag symbols have clashed at start.

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <sentencepiece_processor.h>

TEST(Start, TorchAndSentencepieceLiveTogether) {
  sentencepiece::SentencePieceProcessor processor;
  EXPECT_FALSE(processor.Load("/nowhere/tokenizer.model").ok());
  EXPECT_EQ((at::ones({2, 2}).matmul(at::ones({2, 2}))).sum().item<float>(), 8);
}
