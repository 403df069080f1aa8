# Checks of the tree as tests, and `header_check`: every header compiled alone (script/lint builds it).
if(TARGET cli_test)
  # Preloaded into the program to inject faults of disk, memory and clock.
  add_library(fault_shim MODULE ${PROJECT_SOURCE_DIR}/tests/cli/shim/fault_shim.cpp)
  target_link_libraries(fault_shim PRIVATE linnet_warnings ${CMAKE_DL_LIBS})
  # Counts the opens of files.
  add_library(open_shim MODULE ${PROJECT_SOURCE_DIR}/tests/cli/shim/open_shim.cpp)
  target_link_libraries(open_shim PRIVATE linnet_warnings ${CMAKE_DL_LIBS})
  add_dependencies(cli_test linnet_cli fault_shim open_shim)
  # Parts of the program with their own tests.
  foreach(part progress_line suggestions text_width work_rate)
    set_source_files_properties(${PROJECT_SOURCE_DIR}/apps/linnet/${part}.cpp PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
    target_sources(cli_test PRIVATE ${PROJECT_SOURCE_DIR}/apps/linnet/${part}.cpp)
  endforeach()
  target_link_libraries(cli_test PRIVATE PkgConfig::utf8proc)
  target_compile_definitions(cli_test PRIVATE LINNET_BINARY="$<TARGET_FILE:linnet_cli>" FAULT_SHIM="$<TARGET_FILE:fault_shim>"
                             OPEN_SHIM="$<TARGET_FILE:open_shim>")
endif()

find_program(PYTHON3 python3)
if(PYTHON3)
  foreach(rule dependencies lengths tests filesystem roles flags tasks)
    add_test(NAME tree.${rule} COMMAND ${PYTHON3} ${PROJECT_SOURCE_DIR}/tools/check_tree.py ${rule})
  endforeach()
  add_test(NAME tree.self COMMAND ${PYTHON3} -B ${PROJECT_SOURCE_DIR}/tests/tools/check_tree_test.py)
  add_test(NAME tree.skips COMMAND ${PYTHON3} -B ${PROJECT_SOURCE_DIR}/tests/tools/check_skips_test.py)
endif()

file(GLOB_RECURSE headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/linnet/*.h ${PROJECT_SOURCE_DIR}/apps/*.h)
list(FILTER headers EXCLUDE REGEX "-inl\\.h$")  # compiled once per instruction set, by Highway's foreach_target
set(header_sources "")
foreach(header IN LISTS headers)
  string(MAKE_C_IDENTIFIER ${header} name)
  set(source ${PROJECT_BINARY_DIR}/header_check/${name}.cpp)
  file(CONFIGURE OUTPUT ${source} CONTENT "#include \"${header}\"\n#include \"${header}\"\n")
  list(APPEND header_sources ${source})
endforeach()
add_library(header_check OBJECT EXCLUDE_FROM_ALL ${header_sources})
target_link_libraries(header_check PRIVATE linnet CLI11::CLI11 PkgConfig::hwy PkgConfig::oniguruma PkgConfig::utf8proc
                      CURL::libcurl ZLIB::ZLIB Boost::headers linnet_warnings)
target_include_directories(header_check PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/apps/linnet)
target_compile_options(header_check PRIVATE -O0)

if(CMAKE_BUILD_TYPE STREQUAL "Release")
  add_test(NAME install.outside_project COMMAND ${PROJECT_SOURCE_DIR}/tests/install/run.sh ${PROJECT_BINARY_DIR} ${PROJECT_SOURCE_DIR})
  add_test(NAME install.package COMMAND ${PROJECT_SOURCE_DIR}/tests/install/package.sh ${PROJECT_BINARY_DIR})
  set_tests_properties(install.outside_project install.package PROPERTIES TIMEOUT 300)
endif()
