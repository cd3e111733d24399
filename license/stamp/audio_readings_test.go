package stamp

func init() {
	ffprobe := []string{"ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "{}"}
	exiftool := []string{"exiftool", "-G1", "-a", "-s", "{}"}
	mediainfo := []string{"mediainfo", "{}"}
	const id3 = `import sys, mutagen.id3
t = mutagen.id3.ID3(sys.argv[1])
print(t["WCOP"].url, t["TXXX:LICENSE"], t["WOAF"].url, t["TCOP"], sep="\n")`
	const vorbis = `import sys, mutagen
for key, value in mutagen.File(sys.argv[1]).tags: print(key, value)`
	const mp4 = `import sys, mutagen.mp4
t = mutagen.mp4.MP4(sys.argv[1]).tags
print(bytes(t["----:com.apple.iTunes:LICENSE"][0]).decode(), t["cprt"][0], sep="\n")`
	mutagen := func(script string) []string { return []string{python, "-c", script, "{}"} }
	add := func(format, file, place, shows string, readers map[string][]string) {
		for reader, run := range readers {
			readings = append(readings, reading{format, place, reader, file, run, shows})
		}
	}
	for place, shows := range map[string]string{placeWCOP: licenceURL, placeTXXX: licenceURL, placeWOAF: pageText, placeTCOP: rightsText} {
		add("mp3", "audio/lame.mp3", place, shows, map[string][]string{"mutagen": mutagen(id3), "exiftool": exiftool})
	}
	add("mp3", "audio/lame.mp3", placeTXXX, licenceURL, map[string][]string{"ffprobe": ffprobe, "mediainfo": mediainfo})
	add("mp3", "audio/lame.mp3", placeTCOP, rightsText, map[string][]string{"ffprobe": ffprobe, "mediainfo": mediainfo})
	for place, shows := range map[string]string{"Vorbis LICENSE": licenceURL, "Vorbis COPYRIGHT": rightsText, placeVorbisContact: pageText} {
		for format, c := range map[string]struct {
			file    string
			readers map[string][]string
		}{
			"flac": {"audio/tagged.flac", map[string][]string{"metaflac": {"metaflac", "--no-utf8-convert", "--export-tags-to=-", "{}"}}},
			"ogg":  {"audio/vorbis.ogg", map[string][]string{"vorbiscomment": {"vorbiscomment", "-R", "-l", "{}"}, "ogginfo": {"ogginfo", "{}"}}},
			"opus": {"audio/opus.opus", map[string][]string{"opusinfo": {"opusinfo", "{}"}}},
		} {
			c.readers["ffprobe"], c.readers["exiftool"], c.readers["mutagen"] = ffprobe, exiftool, mutagen(vorbis)
			c.readers["mediainfo"] = mediainfo
			add(format, c.file, place, shows, c.readers)
		}
	}
	add("mp4", "m4a-cover.m4a", placeMP4License, licenceURL, map[string][]string{"mutagen": mutagen(mp4), "ffprobe": ffprobe,
		"AtomicParsley": {"AtomicParsley", "{}", "-t"}, "mediainfo": mediainfo})
	add("mp4", "m4a-cover.m4a", placeMP4Copyright, rightsText, map[string][]string{"mutagen": mutagen(mp4), "ffprobe": ffprobe,
		"AtomicParsley": {"AtomicParsley", "{}", "-t"}, "mediainfo": mediainfo, "exiftool": exiftool})
	for place, shows := range xmpShown {
		add("mp4", "m4a-cover.m4a", place, shows, map[string][]string{"exiftool": exiftool})
	}
	checkers["flac"] = []checker{{run: []string{"flac", "-t", "-s", "{}"}}}
	checkers["ogg"] = []checker{{run: []string{"ogginfo", "{}"}, fault: "(?i)warning"}}
	checkers["opus"] = []checker{{run: []string{"opusinfo", "{}"}, fault: "(?i)warning"}}
	for _, format := range []string{"mp3", "mp4"} {
		checkers[format] = []checker{{run: []string{"exiftool", "-warning", "-error", "-a", "{}"}, fault: "."}}
	}
}
