package publish

import (
	"fmt"
	"path"
	"strings"

	"commonseed/internal/mediatype"
)

// typesOf lists the media types that a stamped format may have; the first is
// the one that the content alone tells.
var typesOf = map[string][]string{
	"mp3":  {"audio/mpeg"},
	"aiff": {"audio/aiff"},
	"wav":  {"audio/wav"},
	"flac": {"audio/flac"},
	"ogg":  {"audio/ogg"},
	"opus": {"audio/ogg"},
	"mp4":  {"video/mp4", "audio/mp4", "video/quicktime"},
	"mkv":  {"video/matroska", "audio/matroska"},
	"webm": {"video/webm", "video/matroska", "audio/matroska"}, // which WebM is a kind of
	"jpeg": {"image/jpeg"},
	"png":  {"image/png"},
	"webp": {"image/webp"},
	"gif":  {"image/gif"},
	"tiff": {"image/tiff"},
	"pdf":  {"application/pdf"},
	"svg":  {"image/svg+xml", "application/xml"},
	"epub": {"application/epub+zip"},
	"html": {"text/html"},
}

// detectedType is the media type by content, where the content tells it, else
// that of the name.
func detectedType(byName, format string) string {
	types, known := typesOf[format]
	if !known {
		return byName
	}
	for _, t := range types {
		if t == byName {
			return t
		}
	}
	return types[0]
}

// rightName doubts a file whose name says something else than its content:
// players go by the one, and we stamp by the other.
func rightName(name, format string, allow map[string]bool) error {
	byName := mediatype.Bare(name)
	if allow["wrong-extension"] || byName == mediatype.Default {
		return nil
	}
	if _, stamped := typesOf[format]; stamped {
		if detectedType(byName, format) == byName {
			return nil
		}
		return &DoubtError{"wrong-extension", fmt.Sprintf("holds %s, not what its name says", strings.ToUpper(format))}
	}
	// No container of ours, so the name must not promise one. Ogg also holds
	// video and more, which gets a sidecar.
	switch strings.ToLower(path.Ext(name)) {
	case ".mp3", ".aif", ".aiff", ".wav", ".flac", ".opus", ".m4a", ".mp4", ".mkv", ".mka", ".webm",
		".jpg", ".jpeg", ".png", ".webp", ".gif", ".tif", ".tiff", ".pdf", ".epub":
		return &DoubtError{"wrong-extension", "is not what its name says, or damaged at its beginning"}
	}
	return nil
}
