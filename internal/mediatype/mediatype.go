// Package mediatype names the media type of a file by its extension. The table
// is our own, so that records and HTTP headers are the same on every machine,
// whatever its system knows.
package mediatype

import (
	"path"
	"strings"
)

// Default is the type of what is not in the table.
const Default = "application/octet-stream"

var byExtension = map[string]string{
	".aac": "audio/aac", ".aif": "audio/aiff", ".aiff": "audio/aiff", ".flac": "audio/flac", ".m4a": "audio/mp4",
	".m4b": "audio/mp4", ".mka": "audio/matroska", ".mp3": "audio/mpeg", ".oga": "audio/ogg", ".ogg": "audio/ogg",
	".opus": "audio/ogg", ".wav": "audio/wav", ".mid": "audio/midi",

	".avi": "video/x-msvideo", ".m4v": "video/mp4", ".mkv": "video/matroska", ".mov": "video/quicktime",
	".mp4": "video/mp4", ".mpg": "video/mpeg", ".ogv": "video/ogg", ".webm": "video/webm",

	".avif": "image/avif", ".bmp": "image/bmp", ".gif": "image/gif", ".heic": "image/heic", ".ico": "image/x-icon",
	".jpeg": "image/jpeg", ".jpg": "image/jpeg", ".jxl": "image/jxl", ".png": "image/png", ".svg": "image/svg+xml",
	".tif": "image/tiff", ".tiff": "image/tiff", ".webp": "image/webp",

	".css": "text/css; charset=utf-8", ".csv": "text/csv; charset=utf-8", ".htm": "text/html; charset=utf-8",
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".md": "text/markdown; charset=utf-8",
	".srt": "application/x-subrip", ".txt": "text/plain; charset=utf-8", ".vtt": "text/vtt; charset=utf-8",
	".license": "text/plain; charset=utf-8", ".xml": "application/xml",

	".7z": "application/x-7z-compressed", ".epub": "application/epub+zip", ".gz": "application/gzip",
	".json": "application/json", ".odp": "application/vnd.oasis.opendocument.presentation",
	".ods": "application/vnd.oasis.opendocument.spreadsheet", ".odt": "application/vnd.oasis.opendocument.text",
	".pdf": "application/pdf", ".tar": "application/x-tar", ".torrent": "application/x-bittorrent",
	".xz": "application/x-xz", ".zip": "application/zip",
}

// ByName is the type of a file of this name, with a charset for text.
func ByName(name string) string {
	if t, ok := byExtension[strings.ToLower(path.Ext(name))]; ok {
		return t
	}
	return Default
}

// Bare is ByName without parameters: what enclosures and records hold.
func Bare(name string) string {
	t, _, _ := strings.Cut(ByName(name), ";")
	return t
}
