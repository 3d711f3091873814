package serve_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/frontdesk-go/frontdesk"
	"github.com/frontdesk-go/frontdesk/frontdesktest"
	"github.com/frontdesk-go/frontdesk/serve"
)

// A chat window posts what the customer writes. Who they are is not in it: the
// application's own session says so.
func ExampleCustomers() {
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesktest.NewProvider(frontdesktest.Say("Within **14 days** of delivery.")),
	})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := serve.Customers{
		Agent: agent,
		Identify: func(r *http.Request) (frontdesk.Customer, error) {
			// An application looks its session up here.
			session, err := r.Cookie("session")
			if err != nil {
				return frontdesk.Customer{}, err
			}
			return frontdesk.Customer{ID: "cus_" + session.Value, Verification: frontdesk.Verified}, nil
		},
	}.Handler()
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(http.StripPrefix("/chat", handler))
	defer server.Close()

	request, err := http.NewRequest("POST", server.URL+"/chat/conversations/c-81/messages", strings.NewReader(`{"id":"m-1","text":"How long can I return it?"}`))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/json")
	request.AddCookie(&http.Cookie{Name: "session", Value: "ana"})
	response, err := server.Client().Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(body))
	// Output: {"outcome":"answered","text":"Within **14 days** of delivery.","html":"\u003cp\u003eWithin \u003cstrong\u003e14 days\u003c/strong\u003e of delivery.\u003c/p\u003e\n"}
}

// Colleagues decide what waits for them, under the name by which the application
// knows them.
func ExampleColleagues() {
	agent, err := frontdesk.New(frontdesk.Config{
		Provider: frontdesktest.NewProvider(),
	})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := serve.Colleagues{
		Agent: agent,
		Identify: func(r *http.Request) (serve.Colleague, error) {
			name, _, ok := r.BasicAuth() // or single sign-on
			if !ok {
				return serve.Colleague{}, errors.New("no credentials")
			}
			return serve.Colleague{Name: name}, nil
		},
	}.Handler()
	if err != nil {
		log.Fatal(err)
	}
	request := httptest.NewRequest("POST", "/conversations/c-81/take-over", strings.NewReader("{}"))
	request.Header.Set("Content-Type", "application/json")
	request.SetBasicAuth("Bea", "secret")
	response := httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	fmt.Println(response.Code, strings.Contains(response.Body.String(), `"owner":"human","by":"Bea"`))

	request = httptest.NewRequest("POST", "/conversations/c-81/take-over", strings.NewReader("{}"))
	request.Header.Set("Content-Type", "application/json")
	response = httptest.NewRecorder()
	handler.ServeHTTP(response, request)
	fmt.Println(response.Code, response.Body.String())
	// Output:
	// 200 true
	// 401 {"error":"sign in first"}
}
