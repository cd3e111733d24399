package feed

import (
	"path"
	"strings"
)

// Names of the payload files that speak about the media and are none.
const (
	LicenseName   = "LICENSE.txt"   // at the top of the payload
	MetadataName  = "metadata.json" // at the top of the payload
	sidecarSuffix = ".license"
)

// kind sorts media by what opens them. Lower kinds are preferred as main media,
// but for video where there is more of it than of sound.
type kind int

const (
	kindAudio kind = iota
	kindVideo
	kindImage
	kindDocument
	kindOther
)

var kindNames = [...]string{kindAudio: "Audio", kindVideo: "Video", kindImage: "Image", kindDocument: "Document", kindOther: "Other"}

func (k kind) String() string { return kindNames[k] }

func (f File) kind() kind {
	mime, _, _ := strings.Cut(strings.ToLower(f.Type), ";")
	mime = strings.TrimSpace(mime)
	family, _, _ := strings.Cut(mime, "/")
	switch {
	case family == "audio", mime == "application/ogg":
		return kindAudio
	case family == "video":
		return kindVideo
	case family == "image":
		return kindImage
	case family == "text", documentTypes[mime]:
		return kindDocument
	}
	return kindOther
}

var documentTypes = map[string]bool{
	"application/pdf":                                 true,
	"application/epub+zip":                            true,
	"application/msword":                              true,
	"application/rtf":                                 true,
	"application/xhtml+xml":                           true,
	"application/x-mobipocket-ebook":                  true,
	"application/vnd.amazon.ebook":                    true,
	"application/vnd.comicbook+zip":                   true,
	"application/vnd.ms-excel":                        true,
	"application/vnd.ms-powerpoint":                   true,
	"application/postscript":                          true,
	"application/vnd.oasis.opendocument.text":         true,
	"application/vnd.oasis.opendocument.presentation": true,
	"application/vnd.oasis.opendocument.spreadsheet":  true,
	"application/vnd.openxmlformats-officedocument.wordprocessingml.document":   true,
	"application/vnd.openxmlformats-officedocument.presentationml.presentation": true,
	"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet":         true,
}

func (f File) isMedia() bool {
	return f.Path != LicenseName && f.Path != MetadataName && !strings.HasSuffix(f.Path, sidecarSuffix)
}

// name is what people call the file: its title, else its file name.
func (f File) name() string {
	if f.Title != "" {
		return f.Title
	}
	return path.Base(f.Path)
}

// Media returns the files that are media, in payload order: all but
// LICENSE.txt, metadata.json and the NAME.license sidecars.
func (r Release) Media() []File {
	var media []File
	for _, f := range r.Files {
		if f.isMedia() {
			media = append(media, f)
		}
	}
	return media
}

// MainMedia returns the file that a player or podcast app should open: the
// largest sound or video, of whichever of the two the release holds more bytes;
// else the largest image, document or other file. So a talk with a jingle is a
// video, and an album with a short clip is sound. The cover stands back behind
// every other image. The first of equals wins. It answers false if the release
// holds no media.
func (r Release) MainMedia() (File, bool) {
	video := r.mostlyVideo()
	var main File
	found := false
	for _, f := range r.Files {
		if f.isMedia() && (!found || r.before(f, main, video)) {
			main, found = f, true
		}
	}
	return main, found
}

// mostlyVideo says whether there are more bytes of video than of sound.
func (r Release) mostlyVideo() bool {
	var bytes [len(kindNames)]int64
	for _, f := range r.Files {
		if f.isMedia() {
			bytes[f.kind()] += f.Size
		}
	}
	return bytes[kindVideo] > bytes[kindAudio]
}

// before says whether f is to be opened rather than main.
func (r Release) before(f, main File, video bool) bool {
	if f.kind() != main.kind() {
		if video && f.kind() == kindVideo {
			return true
		}
		return f.kind() < main.kind() && !(video && main.kind() == kindVideo)
	}
	if isCover, mainIsCover := f.Path == r.Cover, main.Path == r.Cover; isCover != mainIsCover {
		return mainIsCover
	}
	return f.Size > main.Size
}
