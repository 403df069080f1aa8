# One libFuzzer program a kind of foreign file: fuzz/<kind>.cpp (preset `fuzz`; script/fuzz seeds and runs them).
# `fuzzers` builds them all.
add_custom_target(fuzzers)
# Kernels for one instruction set: no reader runs them, and under the sanitizers each further one takes minutes to compile.
target_compile_definitions(linnet_backend PRIVATE HWY_COMPILE_ONLY_STATIC)
function(linnet_fuzz kind module)
  add_executable(fuzz_${kind} ${PROJECT_SOURCE_DIR}/fuzz/${kind}.cpp)
  target_link_libraries(fuzz_${kind} PRIVATE linnet_${module} linnet_warnings)
  target_link_options(fuzz_${kind} PRIVATE -fsanitize=fuzzer)
  add_dependencies(fuzzers fuzz_${kind})
endfunction()
linnet_fuzz(json base)
linnet_fuzz(safetensors io)
linnet_fuzz(torch_pickle io)
linnet_fuzz(tokenizer_json tokenizer)
linnet_fuzz(sentencepiece tokenizer)
linnet_fuzz(chat_template prompt)
linnet_fuzz(gguf models)
