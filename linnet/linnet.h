// Everything in one line.
//
//   #include <linnet/linnet.h>
#pragma once

#include "linnet/base/error.h"
#include "linnet/base/log.h"
#include "linnet/base/parallel.h"
#include "linnet/tensor/tensor.h"
#include "linnet/tokenizer/tokenizer.h"
