module github.com/frontdesk-go/frontdesk/examples

go 1.26.0

require github.com/frontdesk-go/frontdesk v0.0.0

replace github.com/frontdesk-go/frontdesk => ../
