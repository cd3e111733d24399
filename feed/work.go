package feed

import (
	"encoding/json"
	"fmt"
	"strconv"

	"commonseed/license"
)

// creativeWork is a schema.org CreativeWork or one of its subtypes. The
// properties of MediaObject (contentUrl, contentSize, sha256) are set on the
// types that have them only.
type creativeWork struct {
	Context            string         `json:"@context,omitempty"`
	Type               string         `json:"@type"`
	Identifier         string         `json:"identifier,omitempty"`
	Name               string         `json:"name"`
	Description        string         `json:"description,omitempty"`
	URL                string         `json:"url,omitempty"`
	Creator            *agent         `json:"creator,omitempty"`
	DatePublished      string         `json:"datePublished,omitempty"`
	InLanguage         string         `json:"inLanguage,omitempty"`
	Keywords           []string       `json:"keywords,omitempty"`
	ThumbnailURL       string         `json:"thumbnailUrl,omitempty"`
	License            string         `json:"license,omitempty"`
	AcquireLicensePage string         `json:"acquireLicensePage,omitempty"`
	CreditText         string         `json:"creditText,omitempty"`
	CopyrightNotice    string         `json:"copyrightNotice,omitempty"`
	CopyrightYear      int            `json:"copyrightYear,omitempty"`
	IsBasedOn          []string       `json:"isBasedOn,omitempty"`
	ContentURL         string         `json:"contentUrl,omitempty"`
	EncodingFormat     string         `json:"encodingFormat,omitempty"`
	ContentSize        string         `json:"contentSize,omitempty"`
	SHA256             string         `json:"sha256,omitempty"`
	Encoding           []creativeWork `json:"encoding,omitempty"`
	AssociatedMedia    []creativeWork `json:"associatedMedia,omitempty"`
	HasPart            []creativeWork `json:"hasPart,omitempty"`
	PotentialAction    []action       `json:"potentialAction,omitempty"`
}

// agent is who made the work. schema.org wants a Person or an Organization, and
// a name does not tell which.
type agent struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type action struct {
	Type   string `json:"@type"`
	Name   string `json:"name"`
	Target string `json:"target"`
}

// CreativeWork is the schema.org JSON-LD of a release, indented, with "<", ">"
// and "&" escaped, so that it may stand inside a script element. It takes one of
// two views:
//
// With base "", it is the metadata.json inside the payload: file names are
// relative to it, and it says nothing of page, torrent, identifier or time of
// release, so that the same work always gives the same bytes. The release needs
// no Torrent yet.
//
// With the channel's base URL (or a relative one), it belongs to the release
// page: all files have their URLs, and the torrent is named as an encoding.
//
// A single main file is described by its type: AudioObject, VideoObject,
// ImageObject or DigitalDocument. Several images are an ImageGallery, several
// others a CreativeWork that has them as parts.
func CreativeWork(r Release, base string) ([]byte, error) {
	r = r.normalize()
	page := ""
	if base != "" {
		page = r.PageURL(base)
	}
	n, err := r.Notice(page)
	if err != nil {
		return nil, err
	}
	w := describedBy(n)
	w.Context = "https://schema.org"
	w.Description = r.Description
	w.URL = page
	w.DatePublished = r.Date
	w.InLanguage = r.Language
	w.Keywords = r.Tags
	if r.SourceURL != "" {
		w.IsBasedOn = append(w.IsBasedOn, r.SourceURL)
	}
	w.addLinks(r.Links)
	if r.Cover != "" {
		w.ThumbnailURL = r.contentURL(base, r.Cover)
	}
	if base != "" {
		w.Identifier = r.ID
		w.Encoding = []creativeWork{{
			Type:           "MediaObject",
			Name:           r.Torrent.File,
			ContentURL:     r.TorrentURL(base),
			EncodingFormat: "application/x-bittorrent",
			ContentSize:    bytesText(r.Torrent.Size),
		}}
	}
	r.addMedia(&w, n.License, base, page)
	data, err := json.MarshalIndent(w, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("release %q: %w", r.Slug, err)
	}
	return append(data, '\n'), nil
}

// describedBy fills in all that a notice says.
func describedBy(n license.Notice) creativeWork {
	w := creativeWork{
		Name:               n.Title,
		License:            n.License.URL,
		AcquireLicensePage: n.WebStatement(),
		CreditText:         n.Attribution(),
		CopyrightNotice:    n.Copyright(),
	}
	if n.Creator != "" {
		w.Creator = &agent{"Person", n.Creator, n.AttributionURL}
	}
	if !n.License.PublicDomain() {
		w.CopyrightYear = n.Year
	}
	return w
}

// addLinks turns the links for which schema.org has a word into it.
func (w *creativeWork) addLinks(links []Link) {
	for _, l := range links {
		switch l.Rel {
		case RelSupport:
			w.PotentialAction = append(w.PotentialAction, action{"DonateAction", l.label(), l.URL})
		case RelShop:
			w.PotentialAction = append(w.PotentialAction, action{"BuyAction", l.label(), l.URL})
		case RelSource:
			w.IsBasedOn = append(w.IsBasedOn, l.URL)
		case RelHome:
			if w.Creator != nil && w.Creator.URL == "" {
				w.Creator.URL = l.URL
			}
		}
	}
}

// addMedia sets the type by the main media, and lists the files.
func (r Release) addMedia(w *creativeWork, l license.License, base, page string) {
	main, ok := r.MainMedia()
	w.Type = "CreativeWork"
	if !ok {
		return
	}
	var files []creativeWork
	ofKind := 0
	for _, f := range r.Media() {
		if f.kind() == main.kind() && (f.Path != r.Cover || f.Path == main.Path) {
			ofKind++
		}
		files = append(files, r.mediaObject(f, l, base, page))
	}
	switch {
	case ofKind > 1 && main.kind() == kindImage:
		w.Type = "ImageGallery"
		w.AssociatedMedia = files
	case ofKind > 1:
		w.HasPart = files
	case main.kind() == kindDocument:
		w.Type = "DigitalDocument"
		w.EncodingFormat = main.Type
		w.AssociatedMedia = files
	case main.kind() == kindOther:
		w.AssociatedMedia = files
	default:
		w.Type = mediaTypes[main.kind()]
		w.setContent(main, r.contentURL(base, main.Path))
		if len(files) > 1 {
			w.AssociatedMedia = files
		}
	}
}

var mediaTypes = map[kind]string{kindAudio: "AudioObject", kindVideo: "VideoObject", kindImage: "ImageObject"}

// mediaObject describes one file. Its credit is spelled out where it is not the
// release's, and for images, which search engines show by themselves.
func (r Release) mediaObject(f File, l license.License, base, page string) creativeWork {
	n := r.fileNotice(f, l, page)
	w := creativeWork{Name: f.name(), License: n.License.URL}
	if f.kind() == kindImage || f.Creator != "" || n.License != l {
		w = describedBy(n)
		w.Name = f.name()
	}
	w.Type = mediaTypes[f.kind()]
	if w.Type == "" {
		w.Type = "MediaObject"
	}
	w.setContent(f, r.contentURL(base, f.Path))
	return w
}

func (w *creativeWork) setContent(f File, url string) {
	w.ContentURL = url
	w.EncodingFormat = f.Type
	w.ContentSize = bytesText(f.Size)
	w.SHA256 = f.SHA256
}

// contentURL is a payload file as seen from metadata.json, which lies at the top
// of the payload, or below base.
func (r Release) contentURL(base, path string) string {
	if base == "" {
		return escapePath(path)
	}
	return r.FileURL(base, path)
}

func bytesText(n int64) string { return strconv.FormatInt(n, 10) + " B" }
