package templates

import (
	"fmt"
	"strings"
	"time"
)

// bytesInWords gives a size in decimal units, as shops and disks do: "8.2 MB",
// with a space that no line is broken at.
func bytesInWords(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d\u00a0B", max(n, 0))
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.5 && unit < len("kMGTPE")-1 {
		value, unit = value/1000, unit+1
	}
	if value < 9.95 {
		return fmt.Sprintf("%.1f\u00a0%cB", value, "kMGTPE"[unit])
	}
	return fmt.Sprintf("%.0f\u00a0%cB", value, "kMGTPE"[unit])
}

func day(t time.Time) moment {
	if t.IsZero() {
		return moment{}
	}
	t = t.UTC()
	return moment{ISO: t.Format(time.RFC3339), Words: t.Format("2 January 2006")}
}

// workDate reads "2026", "2026-05" or "2026-05-01"; anything else is no date.
func workDate(s string) moment {
	for _, form := range [][2]string{{"2006", "2006"}, {"2006-01", "January 2006"}, {time.DateOnly, "2 January 2006"}} {
		if t, err := time.Parse(form[0], s); err == nil {
			return moment{ISO: s, Words: t.Format(form[1])}
		}
	}
	return moment{}
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

var typeWords = map[string]string{
	"audio/mpeg": "MP3 audio", "audio/mp3": "MP3 audio",
	"audio/flac": "FLAC audio", "audio/x-flac": "FLAC audio",
	"audio/ogg": "Ogg audio", "application/ogg": "Ogg audio", "audio/vorbis": "Ogg audio",
	"audio/opus": "Opus audio", "audio/mp4": "M4A audio", "audio/x-m4a": "M4A audio", "audio/aac": "AAC audio",
	"audio/wav": "WAV audio", "audio/x-wav": "WAV audio", "audio/vnd.wave": "WAV audio",
	"audio/aiff": "AIFF audio", "audio/x-aiff": "AIFF audio", "audio/midi": "MIDI",
	"video/mp4": "MP4 video", "video/webm": "WebM video", "video/ogg": "Ogg video", "video/quicktime": "QuickTime video",
	"video/x-matroska": "Matroska video", "video/matroska": "Matroska video", "video/mpeg": "MPEG video",
	"image/jpeg": "JPEG image", "image/png": "PNG image", "image/webp": "WebP image", "image/gif": "GIF image",
	"image/avif": "AVIF image", "image/svg+xml": "SVG drawing", "image/tiff": "TIFF image",
	"application/pdf": "PDF document", "application/epub+zip": "EPUB book", "application/rtf": "RTF document",
	"text/plain": "Text", "text/html": "Web page", "text/markdown": "Markdown text", "text/vtt": "Subtitles",
	"application/x-subrip": "Subtitles", "text/csv": "Table (CSV)",
	"application/json": "JSON data", "application/ld+json": "JSON data", "application/xml": "XML data", "text/xml": "XML data",
	"application/zip": "ZIP archive", "application/gzip": "GZIP archive", "application/x-tar": "TAR archive",
	"application/x-7z-compressed":                                               "7z archive",
	"application/octet-stream":                                                  "File",
	"application/vnd.oasis.opendocument.text":                                   "OpenDocument text",
	"application/vnd.oasis.opendocument.presentation":                           "OpenDocument slides",
	"application/vnd.oasis.opendocument.spreadsheet":                            "OpenDocument table",
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   "Word document",
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": "PowerPoint slides",
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         "Excel table",
}

// bareType is a MIME type without its parameters, in lower case.
func bareType(mime string) string {
	mime, _, _ = strings.Cut(mime, ";")
	return strings.ToLower(line(mime))
}

func typeInWords(mime string) string {
	if words := typeWords[bareType(mime)]; words != "" {
		return words
	}
	return bareType(mime)
}

// kindOf sorts a MIME type by what a browser does with it.
func kindOf(mime string) string {
	mime = bareType(mime)
	family, _, _ := strings.Cut(mime, "/")
	words := typeWords[mime]
	switch {
	case family == "audio", family == "video", family == "image":
		return family
	case mime == "application/ogg":
		return "audio"
	case family == "text", strings.HasSuffix(words, "document"), strings.HasSuffix(words, "book"),
		strings.HasSuffix(words, "slides"), strings.HasPrefix(words, "OpenDocument"):
		return "document"
	}
	return "other"
}

// displayable holds for the images that every browser shows.
func displayable(mime string) bool {
	switch bareType(mime) {
	case "image/jpeg", "image/png", "image/webp", "image/gif", "image/avif", "image/svg+xml":
		return true
	}
	return false
}
