// Package frontdesk puts a language-model support agent in front of customers.
package frontdesk
