package main

import (
	"context"

	"commonseed/bench/internal/films"
)

// benchCase is something to stamp.
type benchCase struct {
	name   string
	make   func(ctx context.Context, dir string) error
	rivals []rival
}

// rival is a command line, run where the sources lie; "{out}" is where it writes.
type rival struct {
	name string
	ours bool
	run  []string
}

// ours stamps what is named.
func (b *bench) ours(names ...string) rival {
	return rival{"commonseed", true, append([]string{b.program, "stamp", "-q", "--out", "{out}", "--license", "cc-by-4.0",
		"--creator", "Ana Ruiz", "--title", "Tide", "--date", "2026", "--"}, names...)}
}

// worksOut is ours without writing: all that is not the file system's.
func (b *bench) worksOut(names ...string) rival {
	r := b.ours(names...)
	return rival{"commonseed -n, which writes nothing", false, append([]string{b.program, "stamp", "-n"}, r.run[2:]...)}
}

func shell(name, script string) rival { return rival{name: name, run: []string{"sh", "-c", script}} }

// ffmpeg remuxes.
func ffmpeg(name string, options ...string) rival {
	args := append([]string{"ffmpeg", "-v", "error", "-i", name, "-map", "0", "-c", "copy", "-metadata", "license=" + films.Licence,
		"-metadata", "copyright=" + films.Rights}, options...)
	return rival{name: "ffmpeg -c copy", run: append(args, "{out}/"+name)}
}

// mutagen copies and tags, in one process.
const mutagen = `
import os, shutil, sys
from mutagen.id3 import ID3, ID3NoHeaderError, TCOP, TXXX, WCOP
for name in os.listdir("mp3"):
    path = os.path.join(sys.argv[1], name)
    shutil.copyfile(os.path.join("mp3", name), path)
    try: tags = ID3(path)
    except ID3NoHeaderError: tags = ID3()
    tags.add(WCOP(url=sys.argv[2])); tags.add(TXXX(encoding=3, desc="LICENSE", text=sys.argv[2])); tags.add(TCOP(encoding=3, text=sys.argv[3]))
    tags.save(path)
`

// cases lists what is measured: films of so many MiB, and so many small files.
func (b *bench) cases(size, count int) []benchCase {
	film := func(name, file string, options []string, rivals ...rival) benchCase {
		return benchCase{name,
			func(ctx context.Context, dir string) error { return films.Make(ctx, dir, file, size, options...) },
			append([]rival{shell("cp", "cp "+file+" {out}/"), b.ours(file)}, rivals...)}
	}
	return []benchCase{
		film("An MP4 with its index at the end", "film.mp4", nil,
			shell("exiftool", "exiftool -q -api LargeFileSupport=1 -o {out}/film.mp4"+films.ExiftoolTags+"film.mp4"), ffmpeg("film.mp4")),
		film("An MP4 with its index in front", "film.mp4", []string{"-movflags", "+faststart"},
			shell("exiftool", "exiftool -q -api LargeFileSupport=1 -o {out}/film.mp4"+films.ExiftoolTags+"film.mp4"),
			ffmpeg("film.mp4", "-movflags", "+faststart")),
		film("A Matroska film", "film.mkv", nil, ffmpeg("film.mkv"),
			shell("cp and mkvpropedit", `cp film.mkv {out}/ && printf '<Tags><Tag><Simple><Name>LICENSE</Name><String>`+films.Licence+
				`</String></Simple></Tag></Tags>' >{out}/tags.xml && mkvpropedit -q {out}/film.mkv --tags global:{out}/tags.xml`)),
		{"Small MP3s", func(ctx context.Context, dir string) error { return makeMP3s(ctx, dir, count) }, []rival{
			shell("cp -r", "cp -r mp3 {out}/"), b.ours("mp3"), b.worksOut("mp3"),
			{name: "mutagen", run: []string{"/usr/bin/python3", "-c", mutagen, "{out}", films.Licence, films.Rights}}}},
		{"Small JPEGs", func(ctx context.Context, dir string) error { return makeJPEGs(ctx, dir, count) }, []rival{
			shell("cp -r", "cp -r jpeg {out}/"), b.ours("jpeg"), b.worksOut("jpeg"),
			shell("exiftool", "exiftool -q -o {out}/"+films.ExiftoolTags+"jpeg")}},
	}
}
