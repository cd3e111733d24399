#!/bin/sh
# Makes the samples of PDF, with Pillow, ghostscript, qpdf and exiftool.
set -eu
cd "$(dirname "$0")"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
/usr/bin/python3 - <<'PY'
from PIL import Image
im = Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 50).convert("RGB")
im.save("doc-plain.pdf", save_all=True, append_images=[im.rotate(90)], title="Marea baja", author="Ana Ruiz")
PY
printf '%%!PS\n/Helvetica 20 selectfont 72 700 moveto (Marea baja) show showpage\n' >"$tmp/a.ps"
gs -q -dBATCH -dNOPAUSE -sDEVICE=pdfwrite -o doc-gs.pdf "$tmp/a.ps"
gs -q -dBATCH -dNOPAUSE -dPDFA=2 -dPDFACompatibilityPolicy=1 -sColorConversionStrategy=RGB -sDEVICE=pdfwrite -o doc-pdfa.pdf "$tmp/a.ps"
qpdf --object-streams=generate doc-gs.pdf doc-xref-stream.pdf
qpdf --linearize doc-gs.pdf doc-linearized.pdf
qpdf --linearize --object-streams=generate doc-gs.pdf doc-linearized-stream.pdf
cp doc-gs.pdf doc-updated.pdf
exiftool -q -overwrite_original -XMP:Title="A title of old" -XMP:Rating=4 -PDF:Subject="Recorded in Lima" doc-updated.pdf
