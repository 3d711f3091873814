package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/frontdesk-go/frontdesk/frontdesktest"
)

func TestRefund(t *testing.T) {
	for _, stream := range []bool{false, true} {
		server := frontdesktest.NewServer(
			frontdesktest.Call("get_order_status", OrderArgs{OrderID: "ORD-9281"}),
			frontdesktest.Call("initiate_refund", RefundArgs{OrderID: "ORD-9281", Reason: "arrived damaged"}),
			frontdesktest.Say("Your refund is on its way."),
		)
		defer server.Close()
		t.Setenv("OXLO_BASE_URL", server.URL())
		t.Setenv("OXLO_API_KEY", "key")
		var out bytes.Buffer

		require.NoError(t, run(t.Context(), &out, "I need a refund for order ORD-9281. It arrived damaged.", stream))

		assert.Equal(t, `-> get_order_status({"order_id":"ORD-9281"})
-> initiate_refund({"order_id":"ORD-9281","reason":"arrived damaged"})
Your refund is on its way.
`, out.String())
		server.AssertDone(t)
		require.Len(t, server.Requests(), 3)
		for i, required := range [][]string{{"order_id"}, {"order_id", "reason"}} {
			var schema struct{ Required []string }
			require.NoError(t, json.Unmarshal(server.Requests()[0].Tools[i].Schema, &schema))
			assert.Equal(t, required, schema.Required)
		}
	}
}

func TestMissingKey(t *testing.T) {
	t.Setenv("OXLO_BASE_URL", "")
	t.Setenv("OXLO_API_KEY", "")
	err := run(t.Context(), new(bytes.Buffer), "hello", false)
	assert.ErrorContains(t, err, "OXLO_API_KEY")
}
