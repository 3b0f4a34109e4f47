package templates

import "github.com/yuin/goldmark/ast"

// part is a child of a block, or a whole construct of tags with what stands in it.
type part struct {
	node      ast.Node // the child; for a construct, its opening tag
	construct int      // -1: not a construct
	branches  [][]part
	tags      []ast.Node // a construct's branch and closing tags
}

// joinLists makes one list of those that only tags separate: `- a`, {% if x %}, `- b`, {% endif %}, `- c`. Read without its
// lines of tags the source is one list, and a loop around items must not start a list in each round.
func (m *markdown) joinLists(parent ast.Node) {
	m.separateTags(parent)
	nodes := make([]ast.Node, 0, parent.ChildCount())
	lists := false
	for child := parent.FirstChild(); child != nil; child = child.NextSibling() {
		nodes = append(nodes, child)
		lists = lists || child.Kind() == ast.KindList
	}
	if lists && len(nodes) > 1 {
		m.joinParts(parent, m.partition(nodes))
	}
}

// separateTags gives each tag of a line a node of its own.
func (m *markdown) separateTags(parent ast.Node) {
	for child := parent.FirstChild(); child != nil; child = child.NextSibling() {
		tag, ok := child.(*tagNode)
		if !ok || len(tag.units) == 1 {
			continue
		}
		rest := &tagNode{units: tag.units[1:]}
		tag.units = tag.units[:1]
		parent.InsertAfter(parent, tag, rest)
	}
}

// partition groups siblings by the constructs that begin and end among them.
func (m *markdown) partition(nodes []ast.Node) []part {
	closed := map[int]bool{} // constructs that end among the siblings
	for _, n := range nodes {
		if id, ok := tagOf(n); ok && m.units[id].role == closeRole {
			closed[m.units[id].owner] = true
		}
	}
	type level struct {
		part  part
		parts []part
	}
	levels := []level{{}}
	for _, n := range nodes {
		top := &levels[len(levels)-1]
		id, ok := tagOf(n)
		owner := -1
		if ok {
			owner = m.units[id].owner
		}
		switch {
		case owner < 0 || !closed[owner]:
			top.parts = append(top.parts, part{node: n, construct: -1})
		case m.units[id].role == openRole:
			levels = append(levels, level{part: part{node: n, construct: owner}})
		case len(levels) == 1 || top.part.construct != owner:
			top.parts = append(top.parts, part{node: n, construct: -1})
		default:
			top.part.branches = append(top.part.branches, top.parts)
			top.part.tags = append(top.part.tags, n)
			top.parts = nil
			if m.units[id].role == closeRole {
				done := top.part
				levels = levels[:len(levels)-1]
				top = &levels[len(levels)-1]
				top.parts = append(top.parts, done)
			}
		}
	}
	for len(levels) > 1 { // opened here, closed by a tag that its own opener does not precede: leave it
		top := levels[len(levels)-1]
		levels = levels[:len(levels)-1]
		below := &levels[len(levels)-1]
		below.parts = append(append(below.parts, part{node: top.part.node, construct: -1}), top.parts...)
	}
	return levels[0].parts
}

func tagOf(n ast.Node) (unit int, ok bool) {
	tag, ok := n.(*tagNode)
	if !ok {
		return 0, false
	}
	return tag.units[0], true
}

// joinParts joins the lists in runs of parts.
func (m *markdown) joinParts(parent ast.Node, parts []part) {
	for start := 0; start < len(parts); {
		end, lists := m.listRun(parts, start)
		if end == start {
			m.joinInside(parent, parts[start])
			start++
			continue
		}
		switch only := parts[start]; {
		case lists > 1 || only.construct >= 0 && m.constructs[only.construct].loops():
			m.joinRun(parent, parts[start:end])
		default:
			m.joinInside(parent, only)
		}
		start = end
	}
}

// joinInside joins the lists inside a construct. A loop whose else is no list cannot stand inside one; its list then starts
// again in each round, which numbers show.
func (m *markdown) joinInside(parent ast.Node, p part) {
	if p.construct >= 0 && m.constructs[p.construct].loops() && len(p.branches) > 1 {
		body := part{construct: p.construct, branches: p.branches[:1]}
		if kind := m.listKind(body); kind == '.' || kind == ')' {
			id, _ := tagOf(p.node)
			m.reportUnit(id, "list-starts-again", "each round of this loop would start its numbers again, because its else is no list",
				"put the loop into {% if … %} and the text for an empty list into that tag's {% else %}")
		}
	}
	for _, branch := range p.branches {
		m.joinParts(parent, branch)
	}
}

// listRun returns the end of the run of parts from start that make up one list, and how many of them hold items.
func (m *markdown) listRun(parts []part, start int) (end, lists int) {
	kind := m.listKind(parts[start])
	if kind == noList {
		return start, 0
	}
	end, lists = start+1, 1
	for i := start + 1; i < len(parts); i++ {
		switch next := m.listKind(parts[i]); {
		case next == kind:
			end = i + 1
			lists++
		case next != noList || !m.isNeutral(parts[i]):
			return end, lists
		}
	}
	return end, lists
}

const noList = byte(0)

// listKind returns the marker of the lists that a part consists of, or noList if there is anything else.
func (m *markdown) listKind(p part) byte {
	if list, ok := p.node.(*ast.List); ok {
		return list.Marker
	}
	if p.construct < 0 {
		return noList
	}
	kind := noList
	for _, branch := range p.branches {
		for _, inner := range branch {
			next := m.listKind(inner)
			switch {
			case next == noList && m.isNeutral(inner):
			case next == noList || kind != noList && kind != next:
				return noList
			default:
				kind = next
			}
		}
	}
	return kind
}

// isNeutral says whether a part prints nothing.
func (m *markdown) isNeutral(p part) bool {
	id, ok := tagOf(p.node)
	if !ok || !m.units[id].neutral() || p.construct < 0 && m.units[id].role != loneRole {
		return false
	}
	for _, branch := range p.branches {
		for _, inner := range branch {
			if !m.isNeutral(inner) {
				return false
			}
		}
	}
	return true
}

// joinRun moves the items and tags of a run into one list.
func (m *markdown) joinRun(parent ast.Node, run []part) {
	var nodes []ast.Node
	for _, p := range run {
		nodes = p.flatten(nodes)
	}
	var joined *ast.List
	for _, n := range nodes {
		if list, ok := n.(*ast.List); ok {
			joined = ast.NewList(list.Marker)
			joined.Start, joined.IsTight = list.Start, true
			break
		}
	}
	joined.SetPos(nodes[0].Pos())
	joined.SetBlankPreviousLines(nodes[0].HasBlankPreviousLines())
	parent.InsertBefore(parent, nodes[0], joined)
	gap := false // a blank line since the last item
	for _, n := range nodes {
		gap = gap || n.HasBlankPreviousLines()
		list, ok := n.(*ast.List)
		if !ok {
			joined.AppendChild(joined, n)
			continue
		}
		first := true
		for item := list.FirstChild(); item != nil; {
			next := item.NextSibling()
			if first && gap && hasItem(joined) {
				joined.IsTight = false
			}
			first, gap = false, false
			joined.AppendChild(joined, item)
			item = next
		}
		joined.IsTight = joined.IsTight && list.IsTight
		parent.RemoveChild(parent, list)
	}
	if !joined.IsTight {
		loosen(joined)
	}
}

func (p part) flatten(nodes []ast.Node) []ast.Node {
	nodes = append(nodes, p.node)
	for i, branch := range p.branches {
		for _, inner := range branch {
			nodes = inner.flatten(nodes)
		}
		nodes = append(nodes, p.tags[i])
	}
	return nodes
}

func hasItem(list ast.Node) bool {
	for child := list.FirstChild(); child != nil; child = child.NextSibling() {
		if child.Kind() == ast.KindListItem {
			return true
		}
	}
	return false
}

// loosen makes paragraphs of the items' texts, as goldmark does in a list that has blank lines between its items.
func loosen(list ast.Node) {
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		for child := item.FirstChild(); child != nil; {
			next := child.NextSibling()
			if block, ok := child.(*ast.TextBlock); ok {
				paragraph := ast.NewParagraph()
				paragraph.SetLines(block.Lines())
				for inline := block.FirstChild(); inline != nil; {
					following := inline.NextSibling()
					paragraph.AppendChild(paragraph, inline)
					inline = following
				}
				item.ReplaceChild(item, block, paragraph)
			}
			child = next
		}
	}
}
