#!/usr/bin/python3
"""Renders examples/lecture: a talk of half a minute, its handout and its words.

Needs Debian's python3-numpy, python3-pil, fonts-dejavu-core, espeak-ng, ffmpeg
and chromium. The text below is the talk: it is spoken by a machine, shown on
four slides, printed on one page and kept as a transcript. Run it from anywhere;
it writes into ../lecture.
"""
import html
import os
import subprocess
import tempfile
import wave

import numpy as np
from PIL import Image, ImageDraw, ImageFont

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lecture")
FONT = "/usr/share/fonts/truetype/dejavu/DejaVuSans%s.ttf"
TITLE = "The Letters of a Licence"
INK, PAPER, RED = (34, 40, 49), (250, 247, 240), (200, 80, 60)

# Each slide: its heading, its lines, and what the voice says.
SLIDES = [
    (TITLE, ["How to read the name", "of a Creative Commons licence"],
     "A Creative Commons licence has a name of a few letters. Here is how to read it."),
    ("BY", ["Give credit.", "All six licences ask for it."],
     "BY: give credit to the author. All six licences ask for that."),
    ("SA    NC    ND", ["SA   share alike", "NC   non-commercial", "ND   no derivatives"],
     "SA: if you share a changed version, share it under the same licence. "
     "NC: not for commerce. ND: share it only unchanged."),
    ("Zero", ["No letters, no conditions:", "public domain, as far as the law allows."],
     "And CC0 asks for nothing at all. "
     "Whichever it is, you may pass on exact copies, as long as you keep to its terms."),
]
SPELL = {"BY:": "B, Y.", "SA:": "S, A.", "NC:": "N, C.", "ND:": "N, D.", "CC0": "C C zero"}


def slide(heading, lines, number):
    image = Image.new("RGB", (640, 360), PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, 14, 360), fill=RED)
    size = 40 if len(heading) < 20 else 34
    draw.text((60, 70), heading, font=ImageFont.truetype(FONT % "-Bold", size), fill=INK)
    draw.line((62, 132, 150, 132), fill=RED, width=5)
    for i, line in enumerate(lines):
        draw.text((60, 162 + 44 * i), line, font=ImageFont.truetype(FONT % "", 25), fill=INK)
    for i in range(len(SLIDES)):
        at = (566 + 14 * i, 328, 574 + 14 * i, 336)
        draw.ellipse(at, fill=RED if i == number else (222, 216, 204))
    return image


def speak(text, path):
    for letters, sound in SPELL.items():
        text = text.replace(letters, sound)
    subprocess.run(["espeak-ng", "-v", "en-gb", "-s", "148", "-g", "3", "-w", path, text], check=True)
    with wave.open(path) as w:
        return w.getnframes() / w.getframerate()


def video(work):
    parts = []
    for i, (heading, lines, words) in enumerate(SLIDES):
        png, wav, part = (os.path.join(work, f"{i}.{ext}") for ext in ("png", "wav", "mp4"))
        slide(heading, lines, i).save(png)
        seconds = speak(words, wav) + 1.0
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-loop", "1", "-framerate", "5", "-i", png, "-i", wav,
                        "-af", "adelay=300,apad", "-t", f"{seconds:.1f}", "-c:v", "libx264", "-tune", "stillimage", "-crf", "26",
                        "-preset", "veryslow", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le", "-ar", "22050", part[:-3] + "mkv"], check=True)
        parts.append(f"file '{part[:-3]}mkv'\n")
    with open(os.path.join(work, "parts"), "w") as f:
        f.writelines(parts)
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "concat", "-safe", "0", "-i", f.name, "-c:v", "copy", "-c:a", "aac",
                    "-b:a", "24k", "-ac", "1", "-movflags", "+faststart", "-metadata", f"title={TITLE}",
                    "-metadata", "artist=commonseed project", os.path.join(OUT, TITLE + ".mp4")], check=True)


def handout(work):
    rows = "".join(f"<h2>{html.escape(h)}</h2><p class=l>{'<br>'.join(map(html.escape, l))}</p><p>{html.escape(w)}</p>"
                   for h, l, w in SLIDES[1:])
    page = os.path.join(work, "handout.html")
    with open(page, "w") as f:
        f.write(f"""<!doctype html><meta charset=utf-8><title>{TITLE}: handout</title><style>
            @page {{ size: A4; margin: 26mm }} body {{ font: 12pt 'DejaVu Sans'; color: #222831; line-height: 1.5 }}
            h1 {{ border-left: 4mm solid #c8503c; padding-left: 6mm }} h2 {{ color: #c8503c; margin: 1.4em 0 .2em; white-space: pre }}
            .l {{ white-space: pre; font-size: 14pt; margin: 0 0 .5em }}</style>
            <h1>{TITLE}</h1><p>{html.escape(SLIDES[0][2])}</p>{rows}""")
    subprocess.run(["chromium", "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={work}/profile", "--no-pdf-header-footer",
                    "--print-to-pdf=" + os.path.join(OUT, "handout.pdf"), "file://" + page], check=True, stderr=subprocess.DEVNULL)


def transcript():
    with open(os.path.join(OUT, "transcript.txt"), "w") as f:
        f.write(TITLE + "\n" + "=" * len(TITLE) + "\n")
        for heading, _, words in SLIDES:
            f.write(f"\n[{' '.join(heading.split())}]\n{words}\n")


def jingle(work):
    """Three bell notes, as a FLAC file: the one file under another licence."""
    rate, notes = 16000, ((0, 523.25), (.22, 659.25), (.44, 783.99))
    t = np.arange(int(1.8 * rate)) / rate
    tone = np.zeros_like(t)
    for start, f in notes:
        s = np.clip(t - start, 0, None)
        ring = np.exp(-3.2 * s) * np.sin(2 * np.pi * f * s) + .25 * np.exp(-6 * s) * np.sin(4 * np.pi * f * s)
        tone += np.where(t >= start, ring * np.minimum(1, s / .004), 0)
    tone *= np.minimum(1, (t[-1] - t) / .3)
    wav = os.path.join(work, "jingle.wav")
    with wave.open(wav, "wb") as w:
        w.setnchannels(1), w.setsampwidth(2), w.setframerate(rate)
        w.writeframes((tone / np.abs(tone).max() * 20000).astype("<i2").tobytes())
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", wav, "-c:a", "flac", "-compression_level", "12",
                    "-metadata", "TITLE=Three Bells", os.path.join(OUT, "jingle.flac")], check=True)


os.makedirs(OUT, exist_ok=True)
with tempfile.TemporaryDirectory() as scratch:
    video(scratch)
    handout(scratch)
    jingle(scratch)
transcript()
