// Package license knows the free licences that a creator may choose: their names, their addresses,
// what they let a stranger do, and how a work states them.
//
//   - license.go: License, and what can be asked of one
//   - catalogue.go: All, and the indexes, built once
//   - cc.go, others.go: the data, Creative Commons and everyone else
//   - parse.go: Parse, from any spelling; url.go reads addresses, names.go the names of Creative Commons,
//     near.go finds suggestions, errors.go holds the typed errors
//   - find.go: Find, licences named in free text; reserves.go: ReservesAll
//   - token.go, fold.go: how text becomes comparable words
//   - policy.go: Policy, what a licence allows and asks
//   - notice.go: Notice, the statement about one work
//
// A licence is never guessed here: a version is not filled in, a national version is not taken for the
// international one, and an unknown name is an error. Nothing here reads files or the network.
package license
