#!/usr/bin/python3
"""Renders examples/song: a tune of ten bars and its cover.

Needs Debian's python3-numpy, python3-pil and ffmpeg. Every sound is computed:
plucked strings (Karplus and Strong, 1983), a bell from a few sine partials, a
soft pad, and a room made of decaying noise. Run it from anywhere; it writes
beside itself, into ../song.
"""
import os
import subprocess
import wave

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "song")
RATE = 44100
BEAT = 60 / 92
rng = np.random.default_rng(7)

# Chords by bar, as MIDI notes: D, Bm7, G, A over and over, and home to D.
CHORDS = [
    (50, 57, 62, 66), (47, 54, 62, 66), (43, 55, 59, 66), (45, 57, 61, 64),
    (50, 57, 62, 66), (47, 54, 62, 69), (43, 55, 62, 71), (45, 57, 62, 64),
    (43, 55, 59, 66), (50, 57, 62, 66),
]
# The melody, in (beat, MIDI note, length in beats).
MELODY = [
    (0, 78, 1.5), (1.5, 76, .5), (2, 74, 2), (4, 69, 1), (5, 71, 1), (6, 74, 2),
    (8, 71, 1.5), (9.5, 74, .5), (10, 78, 2), (12, 76, 3), (15, 73, 1),
    (16, 74, 1), (17, 76, 1), (18, 78, 1), (19, 81, 1), (20, 78, 2), (22, 76, 1), (23, 74, 1),
    (24, 71, 1.5), (25.5, 74, .5), (26, 76, 1), (27, 78, 1), (28, 76, 2), (30, 74, 1), (31, 73, 1),
    (32, 74, 1), (33, 71, 1), (34, 69, 2), (36, 74, 4),
]


def hertz(note):
    return 440 * 2 ** ((note - 69) / 12)


def pluck(note, seconds, bright=.5):
    """A string: noise that runs round a delay line through a mild low-pass."""
    period = RATE / hertz(note)
    n = int(period - .5)
    line = rng.uniform(-1, 1, n)
    for _ in range(int(6 * (1 - bright)) + 1):
        line = .5 * (line + np.roll(line, 1))
    line -= line.mean()
    out = np.empty(int(seconds * RATE))
    for start in range(0, len(out), n):
        part = line[: len(out) - start]
        out[start : start + len(part)] = part
        line = .996 * (.5 * line + .5 * np.roll(line, 1))
    # The delay line holds whole samples only: resample to the true pitch.
    at = np.arange(int(len(out) * .97)) * ((n + .5) / period)
    out = np.interp(at[at < len(out) - 1], np.arange(len(out)), out)
    return out / (np.abs(out).max() + 1e-9) * np.linspace(1, 0, len(out)) ** .5


def bell(note, seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    f = hertz(note)
    partials = [(1, 1, 2.2), (2, .35, 3.5), (3.01, .16, 5), (4.2, .07, 8), (6.8, .03, 14)]
    tone = sum(a * np.exp(-d * t) * np.sin(2 * np.pi * f * m * t + .003 * np.sin(31 * t)) for m, a, d in partials)
    return tone * np.minimum(1, t / .006) * np.minimum(1, (seconds - t) / .05)


def pad(notes, seconds):
    t = np.arange(int(seconds * RATE)) / RATE
    tone = sum(np.sin(2 * np.pi * hertz(n) * d * t + p) + .3 * np.sin(4 * np.pi * hertz(n) * d * t)
               for n in notes for d, p in ((.9985, 0), (1.0015, 2)))
    return tone / len(notes) * np.sin(np.pi * np.minimum(1, t / seconds)) ** .7


def add(track, sound, beat, gain, side=0.0):
    """Mixes sound in at a beat; side runs from -1 (left) to 1 (right)."""
    at = int(beat * BEAT * RATE)
    sound = sound[: track.shape[1] - at]
    track[0, at : at + len(sound)] += gain * np.sqrt((1 - side) / 2) * sound
    track[1, at : at + len(sound)] += gain * np.sqrt((1 + side) / 2) * sound


def room(track, seconds=1.8):
    n = int(seconds * RATE)
    tail = rng.normal(0, 1, (2, n)) * np.exp(-4.2 * np.arange(n) / RATE)
    tail = np.cumsum(tail - np.roll(tail, 40, axis=1), axis=1) * .02  # dull, as rooms are
    size = 1 << (track.shape[1] + n).bit_length()
    wet = np.fft.irfft(np.fft.rfft(track, size) * np.fft.rfft(tail, size), size)
    return track + .22 * wet[:, : track.shape[1]] / (np.abs(wet).max() + 1e-9) * np.abs(track).max()


def render():
    bars = len(CHORDS)
    track = np.zeros((2, int((bars * 4 * BEAT + 1.5) * RATE)))
    for bar, chord in enumerate(CHORDS):
        add(track, pad(chord[1:], 4.6 * BEAT), bar * 4, .13)
        add(track, pluck(chord[0], 3.4, .35), bar * 4, .42)
        last = bar == bars - 1
        for eighth in range(1, 8 if not last else 4):
            note = chord[(1, 2, 3, 2, 1, 3, 2)[eighth - 1]]
            gain = .26 + (.05 if eighth == 4 else 0) + rng.uniform(-.02, .02)
            add(track, pluck(note, 1.9, .6), bar * 4 + eighth / 2 + rng.uniform(-.01, .012), gain, -.35 + .1 * eighth)
    for beat, note, length in MELODY:
        add(track, bell(note, length * BEAT + 1.2), beat, .3, .25)
    track = room(track)
    fade = int(1.2 * RATE)
    track[:, -fade:] *= np.linspace(1, 0, fade) ** 2
    return np.tanh(track / np.abs(track).max() * 1.1) * .82


def save(track):
    wav, mp3 = os.path.join(OUT, "song.wav"), os.path.join(OUT, "Slack Water.mp3")
    with wave.open(wav, "wb") as w:
        w.setnchannels(2), w.setsampwidth(2), w.setframerate(RATE)
        w.writeframes((track.T * 32767).astype("<i2").tobytes())
    tags = {"title": "Slack Water", "artist": "commonseed project", "album": "Small Tides", "date": "2026", "track": "1/1", "genre": "Instrumental"}
    meta = [x for k, v in tags.items() for x in ("-metadata", f"{k}={v}")]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", wav, "-c:a", "libmp3lame", "-abr", "1", "-b:a", "64k", "-ar", "32000",
                    *meta, "-id3v2_version", "4", mp3], check=True)
    os.remove(wav)


def cover():
    """A low moon over still water, drawn twice as large and scaled down."""
    n = 1600
    y, x = np.mgrid[0:n, 0:n] / n
    top, low = np.array([24, 38, 72]), np.array([238, 170, 130])
    sky = top + (low - top) * (np.clip(y / .62, 0, 1) ** 1.6)[..., None]
    below = np.clip((y - .62) / .38, 0, 1)[..., None]
    water = np.array([214, 150, 126]) + (np.array([14, 26, 52]) - np.array([214, 150, 126])) * below ** .55
    art = np.where((y < .62)[..., None], sky, water)
    moon = np.clip((.13 - np.hypot(x - .5, y - .44)) * 260, 0, 1)[..., None]
    glow = np.exp(-(np.hypot(x - .5, y - .44) / .24) ** 2)[..., None]
    art = art + glow * np.array([40, 26, 8]) * (y < .62)[..., None]
    art = art * (1 - moon) + np.array([255, 236, 205]) * moon
    image = Image.fromarray(np.clip(art, 0, 255).astype("uint8"))
    draw = ImageDraw.Draw(image)
    for row in range(18):  # the moon's path on the water, ever wider and fainter
        depth = row / 17
        width, at = .05 + .17 * (1 - abs(depth - .35)) * (.55 + .45 * np.sin(row * 2.4)), .645 + .30 * depth ** 1.2
        shade = tuple(int(c) for c in np.array([255, 226, 190]) * (1 - depth * .55) + np.array([30, 44, 76]) * depth * .55)
        draw.rounded_rectangle(((.5 - width) * n, at * n, (.5 + width) * n, (at + .006 + .004 * depth) * n), 8, fill=shade)
    font = ImageFont.truetype("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf", 104)
    draw.text((n / 2, .105 * n), "S L A C K   W A T E R", font=font, fill=(250, 236, 220), anchor="mm")
    image = image.filter(ImageFilter.GaussianBlur(.8)).resize((600, 600), Image.LANCZOS)
    image.save(os.path.join(OUT, "cover.png"), optimize=True)


os.makedirs(OUT, exist_ok=True)
save(render())
cover()
