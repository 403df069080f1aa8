# Manual pages and completions: the program writes them from its table of options; they are installed with it.
set(documents ${PROJECT_BINARY_DIR}/documents)
add_custom_command(OUTPUT ${documents}/man/man1/linnet.1
                   COMMAND ${CMAKE_COMMAND} -E rm -rf ${documents}
                   COMMAND linnet_cli documents ${documents}
                   DEPENDS linnet_cli VERBATIM)
add_custom_target(linnet_documents ALL DEPENDS ${documents}/man/man1/linnet.1)
install(DIRECTORY ${documents}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR} COMPONENT program OPTIONAL)
foreach(completions bash-completion zsh fish)
  install(DIRECTORY ${documents}/${completions} DESTINATION ${CMAKE_INSTALL_DATADIR} COMPONENT program OPTIONAL)
endforeach()
