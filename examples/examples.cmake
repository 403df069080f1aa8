# Small programs on the library, built with everything else and run by a test on a tiny checkpoint.
foreach(example IN ITEMS zero_shot generate)
  add_executable(example_${example} examples/${example}.cpp)
  set_target_properties(example_${example} PROPERTIES OUTPUT_NAME ${example} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/examples)
  target_link_libraries(example_${example} PRIVATE linnet linnet_warnings)
  if(LINNET_TESTS)
    add_test(NAME examples.${example} COMMAND example_${example} ${PROJECT_SOURCE_DIR}/tests/fixtures/llama/causal)
  endif()
endforeach()
