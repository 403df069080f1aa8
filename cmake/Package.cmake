# `cpack` (script/package): the program, its manual pages and completions, as a .deb and as a relocatable .tar.gz.
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/linnet RENAME copyright COMPONENT program)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_COMPONENTS_ALL program)
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_ARCHIVE_COMPONENT_INSTALL ON)
set(CPACK_COMPONENT_INCLUDE_TOPLEVEL_DIRECTORY ON)
set(CPACK_PACKAGE_NAME linnet)
set(CPACK_PACKAGE_CONTACT "The Linnet authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "runs, prompts, fine-tunes and judges transformer language models")
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)

set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME linnet)
set(CPACK_DEBIAN_PROGRAM_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_SECTION science)
set(CPACK_DEBIAN_PROGRAM_DESCRIPTION " Reads Hugging Face checkpoints and GGUF files; classifies by prompts, scores labels, embeds, generates, trains
 classifiers and adapters. One program without Python.")
# The dependencies are the packages of the shared libraries that the program is linked with.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PROGRAM_PACKAGE_RECOMMENDS ca-certificates)

set(CPACK_ARCHIVE_PROGRAM_FILE_NAME linnet-${PROJECT_VERSION}-${CMAKE_SYSTEM_PROCESSOR}-linux)
include(CPack)
