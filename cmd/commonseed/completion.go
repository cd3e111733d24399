package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Run prints a script made from the grammar, so that it can never lack a flag.
func (c *completionCmd) Run(e *env) error {
	commands := e.app.Model.Leaves(true)
	switch c.Shell {
	case "bash":
		bashCompletion(e.stdout, e.app.Model.Flags, commands)
	case "zsh":
		zshCompletion(e.stdout, e.app.Model.Flags, commands)
	case "fish":
		fishCompletion(e.stdout, e.app.Model.Flags, commands)
	}
	return nil
}

// flagWords are the spellings of flags, as typed.
func flagWords(flags []*kong.Flag) []string {
	var words []string
	for _, f := range flags {
		words = append(words, "--"+f.Name)
		if f.Short != 0 {
			words = append(words, "-"+string(f.Short))
		}
	}
	return words
}

func bashCompletion(w io.Writer, global []*kong.Flag, commands []*kong.Node) {
	var names []string
	fmt.Fprint(w, "# commonseed: source this, or put it into /etc/bash_completion.d\n_commonseed() {\n"+
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} words\n\tcase ${COMP_WORDS[1]} in\n")
	for _, c := range commands {
		names = append(names, c.Name)
		words := append(flagWords(c.Flags), flagWords(global)...)
		fmt.Fprintf(w, "\t%s) words=%q ;;\n", c.Name, strings.Join(append(words, arguments(c)...), " "))
	}
	fmt.Fprintf(w, "\t*) words=%q ;;\n\tesac\n", strings.Join(append(names, flagWords(global)...), " "))
	fmt.Fprint(w, "\tmapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n}\n"+
		"complete -o default -F _commonseed commonseed\n")
}

// arguments are the words that a command's arguments are chosen from.
func arguments(c *kong.Node) []string {
	var words []string
	for _, p := range c.Positional {
		words = append(words, p.EnumSlice()...)
	}
	return words
}

func zshCompletion(w io.Writer, global []*kong.Flag, commands []*kong.Node) {
	fmt.Fprint(w, "#compdef commonseed\n_commonseed() {\n\tlocal -a commands=(\n")
	for _, c := range commands {
		fmt.Fprintf(w, "\t\t%s\n", shellQuote(c.Name+":"+c.Help))
	}
	fmt.Fprint(w, "\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, c := range commands {
		fmt.Fprintf(w, "\t%s) _arguments", c.Name)
		for _, f := range append(c.Flags, global...) {
			value := ""
			if !f.IsBool() {
				value = ":" + f.Name + ":_files"
			}
			fmt.Fprintf(w, " %s", shellQuote("--"+f.Name+"["+strings.NewReplacer("[", "(", "]", ")").Replace(f.Help)+"]"+value))
		}
		if words := arguments(c); len(words) > 0 {
			fmt.Fprintf(w, " %s ;;\n", shellQuote("*:argument:("+strings.Join(words, " ")+")"))
			continue
		}
		fmt.Fprintf(w, " %s ;;\n", shellQuote("*:file:_files"))
	}
	fmt.Fprint(w, "\tesac\n}\n_commonseed \"$@\"\n")
}

func fishCompletion(w io.Writer, global []*kong.Flag, commands []*kong.Node) {
	line := func(condition string, f *kong.Flag) {
		fmt.Fprintf(w, "complete -c commonseed%s -l %s -d %s", condition, f.Name, shellQuote(f.Help))
		if f.Short != 0 {
			fmt.Fprintf(w, " -s %c", f.Short)
		}
		if !f.IsBool() {
			fmt.Fprint(w, " -r")
		}
		fmt.Fprintln(w)
	}
	for _, f := range global {
		line("", f)
	}
	for _, c := range commands {
		fmt.Fprintf(w, "complete -c commonseed -n __fish_use_subcommand -f -a %s -d %s\n", c.Name, shellQuote(c.Help))
		condition := fmt.Sprintf(" -n '__fish_seen_subcommand_from %s'", c.Name)
		for _, f := range c.Flags {
			line(condition, f)
		}
		if words := arguments(c); len(words) > 0 {
			fmt.Fprintf(w, "complete -c commonseed%s -f -a %s\n", condition, shellQuote(strings.Join(words, " ")))
		}
	}
}

func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
