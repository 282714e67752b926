package gateway

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/adamant-os/adamant/internal/gateway/wire"
)

// refusal is why a request is not passed on.
type refusal struct {
	kind   string
	status int
	why    string
}

// formats are the endpoints and their formats; clients put /v1 before them or not.
var formats = map[string]wire.Format{"/messages": wire.Anthropic, "/chat/completions": wire.Chat, "/responses": wire.Responses}

// Handler answers /v1/messages (and count_tokens below it), /v1/chat/completions, /v1/responses and /v1/models, with and without
// /v1. HEAD is answered to anybody, which is how clients look whether somebody is there.
func (s *Session) Handler() http.Handler { return http.HandlerFunc(s.serve) }

func (s *Session) serve(w http.ResponseWriter, r *http.Request) {
	path := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1"), "/")
	format, model := formats[path]
	if path == "/messages/count_tokens" {
		format = wire.Anthropic
	}
	switch {
	case r.Method == http.MethodHead:
		w.WriteHeader(http.StatusOK)
	case !s.Authorized(r):
		reject(w, format, &refusal{status: http.StatusUnauthorized, why: "this is not the task's token"})
	case model && r.Method == http.MethodPost:
		s.answer(w, r, format)
	case path == "/messages/count_tokens" && r.Method == http.MethodPost:
		s.countTokens(w, r)
	case r.Method == http.MethodGet && (path == "/models" || strings.HasPrefix(path, "/models/")):
		s.models(w, strings.TrimPrefix(strings.TrimPrefix(path, "/models"), "/"))
	default:
		reject(w, format, &refusal{status: http.StatusNotFound, why: r.Method + " " + r.URL.Path + " is not served here; " +
			"there are /v1/messages, /v1/chat/completions, /v1/responses and /v1/models"})
	}
}

// kinds are the words of the formats for a status.
var kinds = map[int]string{http.StatusBadRequest: "invalid_request_error", http.StatusUnauthorized: "authentication_error",
	http.StatusPaymentRequired: "billing_error", http.StatusForbidden: "permission_error", http.StatusNotFound: "not_found_error",
	http.StatusRequestEntityTooLarge: "request_too_large", http.StatusTooManyRequests: "rate_limit_error"}

// reject answers in the words of the format. Clients are told not to try again what will not change.
func reject(w http.ResponseWriter, f wire.Format, r *refusal) {
	kind := kinds[r.status]
	if kind == "" {
		kind = "api_error"
	}
	fault := map[string]any{"type": kind, "message": "adamant: " + r.why}
	body := map[string]any{"error": fault}
	if f == wire.Anthropic {
		body["type"] = "error"
	} else {
		fault["code"], fault["param"] = kind, nil
	}
	w.Header().Set("Content-Type", "application/json")
	if r.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "2")
	} else {
		w.Header().Set("X-Should-Retry", "false")
	}
	w.WriteHeader(r.status)
	writeJSON(w, body)
}

// writeJSON writes to a client; one that is gone is nobody's fault.
func writeJSON(w io.Writer, v any) {
	out, err := json.Marshal(v)
	if err != nil {
		return // cannot happen: maps of strings
	}
	_, _ = w.Write(append(out, '\n'))
}

// body reads a request's body.
func body(w http.ResponseWriter, r *http.Request) ([]byte, *refusal) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, &refusal{RefusedRequest, http.StatusUnsupportedMediaType, "bodies are read uncompressed, this one is " + encoding}
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, wire.MaxBody))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, &refusal{RefusedRequest, http.StatusRequestEntityTooLarge, "the request is larger than 32 MiB"}
	case err != nil:
		return nil, &refusal{RefusedRequest, http.StatusBadRequest, "reading the request: " + err.Error()}
	}
	return data, nil
}

// models lists what the attempt may use, in a form that clients of every format read.
func (s *Session) models(w http.ResponseWriter, one string) {
	var list []map[string]any
	for _, name := range s.attempt.Models {
		list = append(list, map[string]any{"id": name, "type": "model", "object": "model", "display_name": name,
			"created": 1_700_000_000, "created_at": "2023-11-14T22:13:20Z", "owned_by": "adamant"})
	}
	w.Header().Set("Content-Type", "application/json")
	if one != "" {
		if i := slices.Index(s.attempt.Models, one); i >= 0 {
			writeJSON(w, list[i])
			return
		}
		reject(w, wire.Chat, &refusal{status: http.StatusNotFound, why: "this attempt has no model " + one})
		return
	}
	answer := map[string]any{"object": "list", "data": list, "has_more": false}
	if list == nil {
		answer["data"] = []any{}
	} else {
		answer["first_id"], answer["last_id"] = list[0]["id"], list[len(list)-1]["id"]
	}
	writeJSON(w, answer)
}

// countTokens estimates the input by its length. Clients use the number to decide when to compact; nobody is asked for it.
func (s *Session) countTokens(w http.ResponseWriter, r *http.Request) {
	if refused := s.count(); refused != nil {
		reject(w, wire.Anthropic, refused)
		return
	}
	data, refused := body(w, r)
	if refused != nil {
		reject(w, wire.Anthropic, refused)
		return
	}
	request, err := wire.ReadRequest(wire.Anthropic, data)
	if err != nil {
		reject(w, wire.Anthropic, &refusal{status: http.StatusBadRequest, why: err.Error()})
		return
	}
	w.Header().Set("Content-Type", "application/json")
	writeJSON(w, map[string]any{"input_tokens": s.estimate(request)})
}
