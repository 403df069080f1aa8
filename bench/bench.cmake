# Kernel benches: build/release/kernel_bench --benchmark_filter=linear
find_package(benchmark QUIET)
if(benchmark_FOUND)
  add_executable(kernel_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/kernel_bench.cpp)
  target_link_libraries(kernel_bench PRIVATE linnet_backend linnet_warnings benchmark::benchmark fmt::fmt)
endif()

# Beam search of a batch, for script/bench beams.
add_executable(beam_bench EXCLUDE_FROM_ALL ${PROJECT_SOURCE_DIR}/bench/beam_bench.cpp)
target_link_libraries(beam_bench PRIVATE linnet_adapt linnet_generate linnet_warnings)
