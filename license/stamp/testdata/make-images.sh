#!/bin/sh
# Makes the samples of GIF and TIFF, and some JPEGs, with Pillow, exiftool and tifftools.
set -eu
cd "$(dirname "$0")"
/usr/bin/python3 - <<'PY'
from PIL import Image
im = Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 50).convert("RGB")
im.quantize(16).save("image-plain.gif")
data = bytearray(open("image-plain.gif", "rb").read())
frames = [im.rotate(a).quantize(16) for a in (0, 90, 180)]
frames[0].save("image-animated.gif", save_all=True, append_images=frames[1:], duration=100, loop=0, comment=b"Recorded in Lima")
im.save("image-plain.tif")
im.save("image-lzw.tif", compression="tiff_lzw", description="Recorded in Lima")
im.save("image-pages.tif", save_all=True, append_images=[im.rotate(90), im.rotate(180)], compression="tiff_adobe_deflate")
im.save("image-progressive.jpg", progressive=True, quality=60)
PY
gifsicle --no-extensions image-plain.gif -o image-87a.gif
cp image-plain.gif image-xmp.gif
exiftool -q -overwrite_original -XMP:Title="A title of old" -XMP:Rating=4 image-xmp.gif
tiffcp -B image-lzw.tif image-big-endian.tif
tiffcp -t -w 32 -l 32 image-plain.tif image-tiled.tif
cp image-pages.tif image-tagged.tif
exiftool -q -overwrite_original -EXIF:Copyright="2020 Somebody" -IPTC:ObjectName="Tide" -XMP:Title="A title of old" -XMP:Rating=4 image-tagged.tif
# More XMP than a segment holds goes into extended packets.
cp image-plain.jpg image-extended.jpg
long=$(mktemp)
trap 'rm -f "$long"' EXIT
head -c 70000 /dev/zero | tr '\0' x >"$long"
exiftool -q -overwrite_original "-XMP-xmp:Label<=$long" -XMP:Title="A title of old" image-extended.jpg
