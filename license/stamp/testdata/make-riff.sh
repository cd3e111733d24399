#!/bin/sh
# Makes the samples of WAV, AIFF and WebP, with ffmpeg, mutagen, exiftool, Pillow and webp.
set -eu
cd "$(dirname "$0")"
sound() { ffmpeg -y -v error -f lavfi -i "sine=f=300:r=8000" -t 0.5 -fflags +bitexact "$@"; }
sound -c:a pcm_s16le -map_metadata -1 audio/plain.wav
sound -c:a pcm_f32le -ac 2 -metadata title="Marea baja" -metadata artist="Ana Ruiz" audio/float.wav
sound -c:a pcm_u8 -t 0.1001 -write_bext 1 -metadata description="Recorded in Lima" audio/bext.wav # an odd number of bytes
sound -c:a pcm_s16be audio/plain.aiff
sound -c:a pcm_s16le -f aiff audio/little.aifc # AIFF-C, sowt
cp audio/plain.wav audio/tagged.wav
cp audio/plain.aiff audio/tagged.aiff
/usr/bin/python3 - <<'PY'
import mutagen.aiff, mutagen.wave
from mutagen.id3 import TIT2, TPE1, COMM
for kind, path in ((mutagen.wave.WAVE, "audio/tagged.wav"), (mutagen.aiff.AIFF, "audio/tagged.aiff")):
    f = kind(path)
    f.add_tags()
    f.tags.add(TIT2(encoding=1, text="Marea baja · 潮"))
    f.tags.add(TPE1(encoding=3, text="Ana Ruiz"))
    f.tags.add(COMM(encoding=3, lang="eng", desc="", text="Recorded in Lima"))
    f.save()
from PIL import Image
im = Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 50).convert("RGB")
im.save("image-lossy.webp", quality=60)
im.save("image-lossless.webp", lossless=True)
rgba = im.convert("RGBA"); rgba.putalpha(im.convert("L"))
rgba.save("image-alpha.webp", quality=60)
rgba.save("image-lossless-alpha.webp", lossless=True, exact=True)
im.save("image-animated.webp", save_all=True, append_images=[im.rotate(90), im.rotate(180)], duration=100, loop=0)
PY
cp image-lossy.webp image-extended.webp
exiftool -q -overwrite_original -EXIF:Artist="Ana Ruiz" -EXIF:Copyright="2020 Somebody" -XMP:Title="A title of old" -XMP:Rating=4 image-extended.webp
