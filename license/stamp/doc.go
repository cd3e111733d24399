// Package stamp writes a licence notice into media files, in the fields that
// real players, editors and search engines read, and reads such notices back.
//
// A stamped file is described, not made: a Stamper opens a file as Media, which
// answers with a Patch, a list of ranges of the source and of new bytes. So a
// source is only ever read, and whoever writes the copy can hash it in the same
// pass. Before Prepare hands out a Patch it proves it: the media bytes, looked up
// in the file before and in the file after the way a player finds them, are the
// same; the notice reads back; stamping again changes nothing.
//
// The map of this room:
//
//	stamp.go          Stamper, Media, the registry, Detect, Read, Prepare
//	prove.go          what must hold before a Patch is handed out
//	patch.go          Range, Piece, Patch and its readers
//	compare.go        whether two patches of a source give the same bytes
//	splice.go         edits of a file as a list, and where bytes move
//	io.go             bounded reading of untrusted files
//	statement.go      Statement, Conflict, ConflictError, the other errors
//	text.go           clean one-line texts and URLs for tags
//	sidecar.go        NAME.license for formats without a Stamper
//	id3.go            ID3v2 tags as containers of frames; id3sync.go their numbers
//	id3frames.go      what the frames say, and the frames we write
//	mp3.go            MP3: tag in front, audio proven whole
//	mpegaudio.go      the walk over MPEG audio frames
//	trailer.go        ID3v1, APEv2 and Lyrics3 at the end of a file
//	vorbiscomment.go  the comment list that FLAC, Vorbis and Opus share
//	flac.go           FLAC metadata blocks; flacframe.go its last frame
//	ogg.go            Ogg Vorbis and Opus; oggpage.go pages and checksums
//	riff.go           chunks; wav*.go, aiff.go, webp.go what is made of them
//	mp4*.go           MP4 and its relatives
//	ebml.go           EBML; mkv*.go Matroska and WebM, which are made of it
//	jpeg*.go, png*.go, gif.go, tiff.go  images
//	pdf*.go           PDF: values, where objects are, the update that is appended
//	svg.go, html.go   documents; xmlspan.go elements and where they lie
//	epub.go           books; zipfile.go the archives that they are
//	xmp*.go, exif.go  what several of them share
//	copy.go           writing a Patch into a file that the caller opened
//
// What never happens here: no file is opened or named, nothing is decoded or
// re-encoded, no name of a file is taken from inside a file, and no existing
// statement of rights is overwritten unless the caller says so.
package stamp
