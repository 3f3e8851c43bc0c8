#!/bin/sh
# Have Fashion-MNIST on a Debian-like system without a download from the web: the package
# dataset-fashion-mnist, installed as root, or unpacked into data/ by anybody else.
# Elsewhere there is nothing to do: the library downloads the files when they are first used.
set -eu

package=dataset-fashion-mnist
installed=/usr/share/datasets/fashion-mnist/train-images-idx3-ubyte.gz
target=data/FashionMNIST/raw

if [ -e "$installed" ] || [ -e "$target/train-images-idx3-ubyte" ] ||
    [ -e "$target/train-images-idx3-ubyte.gz" ]; then
    exit 0
fi
if ! command -v apt-get >/dev/null 2>&1; then
    echo "no apt-get here: Fashion-MNIST will be downloaded at first use"
    exit 0
fi

if [ "$(id -u)" = 0 ]; then
    apt-get -qq update && apt-get -qq install -y "$package" >/dev/null && exit 0
else
    mkdir -p .deb "$target"
    (cd .deb && apt-get -qq download "$package") &&
        dpkg -x .deb/"$package"_*.deb .deb &&
        cp .deb/usr/share/datasets/fashion-mnist/*.gz "$target" && exit 0
fi
echo "the package $package cannot be had: Fashion-MNIST will be downloaded at first use"
