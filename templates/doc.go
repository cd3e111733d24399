// Package templates renders what people read about a channel: the channel page,
// the release pages, and the LICENSE.txt inside every bundle.
//
//	templates.go  Set and Load: the built-in templates, and a channel's own
//	page.go       ChannelPage and ReleasePage
//	notice.go     LicenseText
//	data.go       the data that templates see; docs/templates.md is its manual
//	release.go    builds that data from a release record
//	channel.go    builds that data from a channel and its releases
//	deed.go       a licence in plain words
//	prose.go      cleaning of texts, paragraphs with links, safe addresses
//	words.go      sizes, dates and media types as people say them
//	wrap.go       LICENSE.txt's 76 columns
//	default/      the built-in templates, style and script
//	live.go       LivePage and LiveReleasePage, for the person who runs a seeder
//	live/         their templates, style and script, which no channel replaces
//
// Every page is one file: style, script and drawings stand inside it, and it
// loads nothing but the release's own media. Addresses are relative where they
// can be, so that a page works from any host, a bucket or a disk. Nothing here
// opens a connection, reads a clock or looks at media files.
package templates
