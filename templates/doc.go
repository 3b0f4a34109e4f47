// Package templates holds the source language of messages: Markdown, Liquid and front matter become a syntax tree.
//
// It leaves the meaning of names to its callers: whether an attribute exists, a filter is known or a value may be missing is
// decided by render, and rules (the text after `when`) are read by audience. Every mistake is a finding, and reading always goes
// on behind it, so that one check reports them all. In the order they are called:
//
//	Lex           a body's text → tokens; white space control, raw, comment and doc are resolved here
//	Sections      a block's tokens → one piece per variant and otherwise tag
//	InlineStyles  a layout's tokens → the same with the rules of its <style> in style attributes
//	Body          tokens → nodes of HTML and of plain text, with the targets of links marked. In it:
//	Markdown      tokens of a Markdown source → tokens of HTML in a [Theme]'s looks, and tokens of plain text
//	Parse         tokens → nodes
//
// [Theme.Layout] is the page around messages that name no layout. [ParseExpression] and [ParseCondition] read a single Liquid value or condition, and [ForeignTags] finds merge tags of other
// mail tools, which are no Liquid and would reach people as they stand.
package templates
