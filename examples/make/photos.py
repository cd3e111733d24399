#!/usr/bin/python3
"""Renders examples/photo-essay: one valley at five hours of the day.

Needs Debian's python3-numpy and python3-pil. Nothing was photographed: the
ridges are sums of noise, the light is a gradient, the water is the picture
upside down. Run it from anywhere; it writes into ../photo-essay.
"""
import os

import numpy as np
from PIL import Image

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "photo-essay")
W, H, SHORE = 1200, 800, 610  # the shore is the row where the water begins


def rgb(code):
    return np.array([int(code[i : i + 2], 16) for i in (0, 2, 4)], float)


def noise(rng, cells, size=W):
    """Smooth noise along a line, with the given number of cells across it."""
    knots = rng.uniform(-1, 1, cells + 2)
    at = np.linspace(0, cells, size)
    i = at.astype(int)
    f = at - i
    f = f * f * (3 - 2 * f)
    return knots[i] * (1 - f) + knots[i + 1] * f


def ridge(rng, rough):
    """The outline of a mountain range: octaves of noise, sharpened upwards."""
    line = sum(noise(rng, 3 * 2**k) * rough**k for k in range(8))
    return line - .45 * np.abs(noise(rng, 6)) * np.abs(line)


def sky(top, low, sun, glow, reach):
    y, x = np.mgrid[0:H, 0:W]
    art = rgb(top) + (rgb(low) - rgb(top)) * (np.clip(y / SHORE, 0, 1) ** 1.3)[..., None]
    near = np.hypot(x - sun[0], y - sun[1])
    art += np.exp(-((near / reach) ** 1.1))[..., None] * rgb(glow)
    disc = np.clip((sun[2] - near) / 2, 0, 1)[..., None]
    return art * (1 - disc) + rgb(sun[3]) * disc


def stars(art, rng, count):
    for _ in range(count):
        x, y, light = rng.integers(2, W - 2), rng.integers(2, 400), rng.pareto(2.5)
        art[y, x] += min(200, 60 + 70 * light)
        if light > 1.2:
            art[y - 1 : y + 2, x - 1 : x + 2] += 50


def aurora(art, rng):
    x = np.arange(W)
    for base, height, tint, power in ((330, 250, "38d890", 1.0), (390, 190, "46b8a0", .7), (300, 300, "7a58c8", .45)):
        foot = base + 70 * noise(rng, 4) + 14 * noise(rng, 30)
        rays = np.clip(.55 + .45 * noise(rng, 60) + .3 * noise(rng, 9), 0, 1.3)
        up = (foot - np.arange(H)[:, None]) / height
        veil = np.where(up > 0, np.exp(-2.6 * up) * (1 - np.exp(-7 * np.clip(up, 0, 9))), 0) * rays
        art += (veil * power)[..., None] * rgb(tint) * (.75 + .25 * np.sin(x / W * np.pi))[None, :, None]


def range_of_hills(art, rng, far, near, mist, layers=6):
    """Paints ranges from far to near; mist gathers at the foot of each."""
    rows = np.arange(H)[:, None]
    for i in range(layers):
        depth = i / (layers - 1)
        crest = 330 + 235 * depth**.9 - (105 - 62 * depth) * ridge(rng, .46 + .06 * depth)
        if i == layers - 1:  # the last range carries a wood: a fringe of pointed trees
            steps = np.abs((np.arange(W) * .145 + 2 * noise(rng, 40)) % 1 - .5)
            crest -= (9 + 13 * np.abs(noise(rng, 70))) * (1 - 2 * steps)
        cover = np.clip(rows - crest, 0, 1)[..., None]
        fall = np.clip((rows - crest) / (190 - 60 * depth), 0, 1)[..., None]
        tone = rgb(far) + (rgb(near) - rgb(far)) * depth
        tone = tone + (rgb(mist) - tone) * fall**1.4 * (.78 - .55 * depth)
        art[:] = art * (1 - cover) + tone * cover


def lake(art, tint, calm):
    """Below the shore the picture is mirrored, squeezed, and broken by ripples."""
    x = np.arange(W)
    for y in range(SHORE, H):
        d = y - SHORE
        wave = calm * (d / 40) * np.sin(x / (26 + d * .5) + y * y / 900) * np.sin(y * .9)
        source = np.clip(SHORE - 1 - d * 1.7 - wave, 0, SHORE - 1).astype(int)
        fade = .22 + .4 * d / (H - SHORE)
        art[y] = art[source, x] * (1 - fade) + rgb(tint) * fade
    art[SHORE - 1 : SHORE + 1] *= .8


HOURS = [
    ("01 Before Dawn", 11, dict(top="1b2a4e", low="d99a86", sun=(820, 640, 0, "ffffff"), glow="7a3a18", reach=300),
     dict(far="6f7394", near="131a2c", mist="b98f92"), ("2a3352", 2.0)),
    ("02 First Light", 11, dict(top="6f9cc9", low="ffd9a8", sun=(815, 335, 30, "fff6df"), glow="5a3c14", reach=240),
     dict(far="a9a3b4", near="2a3430", mist="ffdcb4"), ("6d87a0", 3.0)),
    ("03 Noon Haze", 11, dict(top="3f86c8", low="d8ecf4", sun=(640, -80, 0, "ffffff"), glow="302c20", reach=420),
     dict(far="a8c4d6", near="1f4a34", mist="d4e6ea"), ("3f7f9c", 5.0)),
    ("04 Last Light", 11, dict(top="3a2b5e", low="f58a4a", sun=(330, 415, 34, "ffe9b0"), glow="8a2e08", reach=260),
     dict(far="9a5868", near="170f1c", mist="e8875a"), ("4a2a44", 3.0)),
    ("05 Northern Lights", 11, dict(top="050a1c", low="123048", sun=(600, 900, 0, "ffffff"), glow="000000", reach=100),
     dict(far="1a3346", near="03060a", mist="1d4a54"), ("06141e", 2.0)),
]

os.makedirs(OUT, exist_ok=True)
for name, seed, air, hills, (tint, calm) in HOURS:
    art = sky(**air)
    if name.startswith("05"):
        aurora(art, np.random.default_rng(3))
        stars(art, np.random.default_rng(5), 420)
    range_of_hills(art, np.random.default_rng(seed), **hills)
    lake(art, tint, calm)
    art += np.random.default_rng(1).normal(0, .8, (H, W, 1))  # a little grain hides the steps of a gradient
    image = Image.fromarray(np.clip(art, 0, 255).astype("uint8"))
    image.save(os.path.join(OUT, name + ".jpg"), quality=84, optimize=True, progressive=True)
