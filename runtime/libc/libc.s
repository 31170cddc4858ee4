# Every function of libc that a compiled model may use. The link sees this file instead of a real libc: only the
# names and, through the version scripts, the oldest version of each that glibc still honours. musl ignores versions.
  .macro function name
  .globl \name
  .type \name, %function
\name:
  .byte 0, 0, 0, 0
  .endm

  .text
  function memcpy
  function memmove
  function memset
  function memcmp
  function bcmp
  function posix_memalign
  function free
  function syscall
  function getauxval
  function clock_gettime
  function pthread_self
  function pthread_create
  function pthread_join
  .section .note.GNU-stack, "", %progbits
