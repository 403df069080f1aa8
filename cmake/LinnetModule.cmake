# The preset `release` compiles several files as one (CMake's unity build), which halves the time of a build; so names of
# anonymous namespaces are unique in a module. Files that cannot share a translation unit are SEPARATE.
#
# linnet_module(NAME <n> LAYER <k> DEPS <linnet modules> LINK <public libraries> PRIVATE <private libraries>
#               SEPARATE <regular expressions of paths>)
# The module is the folder linnet/<n>: every .cpp below it. It may depend only on
# modules of a lower layer; a wrong edge stops the configure step. DEPS are all
# modules that its files include, and no other (tools/check_tree.py dependencies).
function(linnet_module)
  cmake_parse_arguments(M "" "NAME;LAYER" "DEPS;LINK;PRIVATE;SEPARATE" ${ARGN})
  set_property(GLOBAL PROPERTY linnet_layer_${M_NAME} ${M_LAYER})
  set_property(GLOBAL APPEND PROPERTY linnet_modules ${M_NAME})
  set(libs)
  foreach(dep IN LISTS M_DEPS)
    get_property(layer GLOBAL PROPERTY linnet_layer_${dep})
    if("${layer}" STREQUAL "")
      message(FATAL_ERROR "linnet_${M_NAME} depends on '${dep}', which is not declared before it")
    elseif(NOT layer LESS M_LAYER)
      message(FATAL_ERROR "linnet_${M_NAME} (layer ${M_LAYER}) may not depend on linnet_${dep} (layer ${layer})")
    endif()
    list(APPEND libs linnet_${dep})
  endforeach()
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/linnet/${M_NAME}/*.cpp)
  if(NOT sources)
    file(WRITE ${PROJECT_BINARY_DIR}/empty.cpp "")
    set(sources ${PROJECT_BINARY_DIR}/empty.cpp)
  endif()
  linnet_separate("${sources}" "${M_SEPARATE}")
  add_library(linnet_${M_NAME} STATIC ${sources})
  add_library(linnet::${M_NAME} ALIAS linnet_${M_NAME})
  target_link_libraries(linnet_${M_NAME} PUBLIC ${libs} ${M_LINK} PRIVATE ${M_PRIVATE} linnet_warnings)
  target_include_directories(linnet_${M_NAME} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:include>)
  target_compile_features(linnet_${M_NAME} PUBLIC cxx_std_20)
  set_target_properties(linnet_${M_NAME} PROPERTIES EXPORT_NAME ${M_NAME} POSITION_INDEPENDENT_CODE ON)
endfunction()

# Keeps the sources that match one of the expressions out of a unity build.
function(linnet_separate sources expressions)
  foreach(expression IN LISTS expressions)
    set(matching ${sources})
    list(FILTER matching INCLUDE REGEX ${expression})
    set_source_files_properties(${matching} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endforeach()
endfunction()

# linnet_program(NAME <n> TARGET <target> DEPS <linnet modules> PRIVATE <libraries>)
# The program is the folder apps/<n>, its executable <n>.
function(linnet_program)
  cmake_parse_arguments(P "" "NAME;TARGET" "DEPS;PRIVATE" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/apps/${P_NAME}/*.cpp)
  list(TRANSFORM P_DEPS PREPEND linnet_)
  add_executable(${P_TARGET} ${sources})
  set_target_properties(${P_TARGET} PROPERTIES OUTPUT_NAME ${P_NAME} RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  target_link_libraries(${P_TARGET} PRIVATE ${P_DEPS} ${P_PRIVATE} linnet_warnings)
endfunction()

# linnet_tests(<module> [LINK libraries]): one test program per module, every tests/<module>/*_test.cpp.
function(linnet_tests name)
  cmake_parse_arguments(T "" "" "LINK" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/tests/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  add_executable(${name}_test ${sources})
  target_link_libraries(${name}_test PRIVATE ${T_LINK} linnet_warnings GTest::gtest GTest::gmock GTest::gtest_main fmt::fmt)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(${name}_test PRIVATE LINNET_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  # A suite whose name ends in "Slow" has the label `slow`; the rest run by default.
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." TEST_FILTER "-*Slow.*" DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300)
  gtest_discover_tests(${name}_test TEST_PREFIX "${name}." TEST_FILTER "*Slow.*" DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 3600 LABELS slow)
endfunction()
