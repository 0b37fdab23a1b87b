#!/usr/bin/env bash
# Gathers the natural English that the demo model is trained on: documentation, novels, dictionaries and stories out of
# Debian packages. Nothing is installed, so it needs no root: packages are fetched and unpacked inside OUT_DIR.
#
#   scripts/get_demo_text.sh OUT_DIR [EXTRA_TEXT ...]
#
# Leaves OUT_DIR/corpus.txt (documents separated by a line that holds only <|endoftext|>) and OUT_DIR/sources.tsv
# (package, version and kept bytes). Run it again to use packages already fetched. PYTHON names another python3.
set -euo pipefail

if [ $# -lt 1 ] || [ "${1#-}" != "$1" ]; then
  echo "usage: $0 OUT_DIR [EXTRA_TEXT ...]   (EXTRA_TEXT: plain text, blank lines between paragraphs)" >&2
  exit 2
fi
for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || { echo "$0: needs $tool (a Debian system)" >&2; exit 1; }
done
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/debs" "$1/root"
out=$(cd "$1" && pwd)
shift
extras=()
for file in "$@"; do
  [ -r "$file" ] || { echo "$0: cannot read the extra text $file" >&2; exit 2; }
  extras+=("$(realpath "$file")")
done

packages=(
  # prose
  anarchism bible-kjv bible-kjv-text debian-handbook fortunes gnucash-docs jargon-text r-cran-janeaustenr stellarium-data
  wesnoth-1.16-data wesnoth-1.16-{did,dm,dw,ei,httt,l,low,nr,sof,sota,sotbe,thot,trow,tsg,ttb,utbs}
  # words and what they mean
  dict-foldoc dict-gcide wordnet-base
  # technical documentation
  ada-reference-manual-2012 apache2-doc autoconf-doc bash-doc debian-faq debian-policy debian-reference-en
  developers-reference doc-debian erlang-doc exim4-doc-html gap-doc gimp-help-en git-doc gnome-user-docs
  installation-guide-amd64 libboost1.81-doc libreoffice-help-en-us lilypond-doc-html linux-doc-6.1 llvm-14-doc
  maxima-doc octave-doc openjdk-17-doc perl-doc postfix-doc postgresql-doc-15 python-django-doc python-pandas-doc
  python-scipy-doc python-sklearn-doc python3.11-doc qtbase5-doc-html rust-doc sqlite3-doc subversion vim-doc yade-doc
)

for package in "${packages[@]}"; do
  [ -d "$out/root/$package" ] && continue
  if ! compgen -G "$out/debs/${package}_*.deb" >/dev/null; then
    if ! (cd "$out/debs" && apt-get download -qq "$package" 2>"$out/apt.log"); then
      echo "$0: left out $package: $(head -1 "$out/apt.log") (try 'apt-get update' first)" >&2
      continue
    fi
  fi
  rm -rf "$out/root/$package.part"
  dpkg-deb -x "$out/debs/${package}"_*.deb "$out/root/$package.part"
  mv "$out/root/$package.part" "$out/root/$package"
done

# The Bible comes compressed, with the program that prints it.
bible=$out/root/bible-kjv
if [ -x "$bible/usr/bin/bible" ] && [ ! -s "$bible/bible.txt" ]; then
  "$bible/usr/bin/bible" -p "$out/root/bible-kjv-text/usr/lib" -f Gen1:1-Rev22:21 </dev/null >"$bible/bible.part"
  mv "$bible/bible.part" "$bible/bible.txt"
fi

PYTHONPATH="$here/../python" "${PYTHON:-python3}" -m sinkscope.training.clean_text --root "$out/root" --debs "$out/debs" --out "$out" "${extras[@]}"
