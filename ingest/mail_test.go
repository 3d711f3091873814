package ingest_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const someMail = "From: =?utf-8?q?J=C3=BCrgen_M=C3=BCller?= <juergen@example.com>\r\nTo: Support <help@shop.example>\r\n" +
	"Subject: =?iso-8859-1?q?Lampe_f=FCr_J=FCrgen?=\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" +
	"--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n" +
	"Die Lampe ist kaputt.\r\nRuf mich an: 030 901820\r\n\r\nGr=FC=DFe\r\nJ=FCrgen M=FCller\r\n-- \r\nM=FCller GmbH\r\n\r\nAm 3. Mai schrieb Support:\r\n> alt\r\n" +
	"--c\r\nContent-Type: text/html\r\n\r\n<p>Die Lampe</p>\r\n--c--\r\n--b\r\nContent-Type: application/pdf\r\nContent-Disposition: attachment; filename=x.pdf\r\n\r\nJVBERi0=\r\n--b--\r\n"

func TestMail(t *testing.T) {
	found, skipped := decode(t, "a.eml", someMail)
	require.Empty(t, skipped)
	require.Len(t, found, 1)
	assert.Equal(t, "Lampe für [name]", found[0].Title)
	assert.Equal(t, "Die Lampe ist kaputt.\nRuf mich an: [phone]\n\nGrüße\n[name]", found[0].Text)
	assert.True(t, found[0].Plain)

	found, _ = decode(t, "a.eml", "Subject: x\nContent-Type: text/html; charset=utf-8\n\n<p>Only <b>HTML</b>.</p>")
	require.Len(t, found, 1)
	assert.Equal(t, "Only **HTML**.", found[0].Text)

	for content, reason := range map[string]string{
		"":                   "it is no mail",
		"no header at all":   "it is no mail",
		"Subject: x\n\n":     "it has no text",
		"Subject: x\n\n\xff": "is not UTF-8",
		"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 300): "more than 200 parts",
	} {
		found, skipped := decode(t, "a.eml", content)
		assert.Empty(t, found)
		assert.Contains(t, skipped["a.eml"], reason, "%.40q", content)
	}
}

func TestMailbox(t *testing.T) {
	found, skipped := decode(t, "a.mbox", "From a@example.com Mon Jan  1 00:00:00 2026\nSubject: One\n\nText one.\n>From here on.\n\nFrom b@example.com Mon Jan  1 00:00:00 2026\nSubject: Two\n\n\n\nFrom c@example.com Mon Jan  1 00:00:00 2026\nSubject: Three\n\nText three.\n")
	require.Len(t, found, 2)
	assert.Equal(t, "Text one.\nFrom here on.", found[0].Text)
	assert.Equal(t, "Three", found[1].Title)
	assert.NotEqual(t, found[0].ID, found[1].ID)
	assert.Equal(t, "mail 2: it has no text", skipped["a.mbox"])

	_, skipped = decode(t, "a.mbox", "Subject: One\n\nText.")
	assert.Contains(t, skipped["a.mbox"], "it is no mailbox")
}
