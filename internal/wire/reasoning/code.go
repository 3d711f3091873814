package reasoning

// code follows the Markdown code of an answer byte by byte: fenced blocks of
// backticks or tildes, and code spans, which end with their line. It looks
// only backwards, so that a stream and a whole text are read alike.
type code struct {
	fence  int  // The length of the fence that is open, or 0.
	span   int  // The number of backticks that opened the span, or 0.
	run    int  // The length of the run of marks being read.
	mark   byte // The byte of that run and of the open fence.
	indent bool // Something other than white space stands before the run.
}

// open reports whether the next byte is code. Call end first.
func (c *code) open() bool { return c.fence > 0 || c.span > 0 }

// next takes one byte of the answer.
func (c *code) next(b byte) {
	if b == '`' || b == '~' {
		if c.run == 0 && c.fence == 0 {
			c.mark = b
		}
		if b == c.mark {
			c.run++
			return
		}
	}
	c.end()
	switch b {
	case '\n':
		c.span, c.indent = 0, false
	case ' ', '\t', '\r':
	default:
		c.indent = true
	}
}

// end ends a run of marks and lets it open or close what it can.
func (c *code) end() {
	run := c.run
	c.run = 0
	switch {
	case run == 0:
		return
	case run >= 3 && !c.indent && c.fence == 0:
		c.fence = run
	case run >= 3 && !c.indent && run >= c.fence:
		c.fence = 0
	case c.fence > 0 || c.mark != '`':
	case c.span == 0:
		c.span = run
	case c.span == run:
		c.span = 0
	}
	c.indent = true
}
