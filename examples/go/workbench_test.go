// Package scoring shows tests in Go against a Cloudera AI Workbench that keybench stands in for.
// KEYBENCH names the program where it is not on the PATH.
package scoring

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

type workbench struct {
	URL             string `json:"url"`
	ModelServiceURL string `json:"model_service_url"`
	Credentials     string `json:"credentials"`
}

// start runs a workbench with demo data that ends with the test.
func start(t *testing.T) workbench {
	t.Helper()
	program := os.Getenv("KEYBENCH")
	if program == "" {
		program = "keybench"
	}
	command := exec.Command(program, "serve", "--data", t.TempDir(), "--seed", "demo",
		"--listen", "127.0.0.1:0", "--exit-with-parent")
	command.Stderr = os.Stderr
	output, err := command.StdoutPipe()
	if err == nil {
		err = command.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM)
		_ = command.Wait()
	})
	// One line, once every demo model is deployed.
	line, err := bufio.NewReader(output).ReadBytes('\n')
	if err != nil {
		t.Fatal(errors.New("keybench serve did not start; standard error says why"))
	}
	var ready workbench
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatal(err)
	}
	return ready
}

// key is the API key of a user of the demo data.
func (w workbench) key(t *testing.T, username string) string {
	t.Helper()
	text, err := os.ReadFile(w.Credentials)
	if err != nil {
		t.Fatal(err)
	}
	var users []struct {
		Username string `json:"username"`
		APIKey   string `json:"api_key"`
	}
	if err := json.Unmarshal(text, &users); err != nil {
		t.Fatal(err)
	}
	for _, user := range users {
		if user.Username == username {
			return user.APIKey
		}
	}
	t.Fatalf("there is no user %s", username)
	return ""
}

// call sends a request with a key, reads the answer into `into` and returns the status.
func call(t *testing.T, method, url, key string, body, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	request, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+key)
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode
}

func TestAModelAnswersItsCollaboratorsAlone(t *testing.T) {
	bench := start(t)
	var listed struct {
		Models []struct {
			Name      string `json:"name"`
			AccessKey string `json:"access_key"`
		} `json:"models"`
	}
	call(t, "GET", bench.URL+"/api/v2/models?page_size=100", bench.key(t, "owner"), nil, &listed)
	for _, model := range listed.Models {
		if model.Name != "add" {
			continue
		}
		body := map[string]any{"accessKey": model.AccessKey, "request": map[string]int{"a": 3, "b": 5}}
		var answer struct {
			Response float64           `json:"response"`
			Errors   map[string]string `json:"errors"`
		}
		status := call(t, "POST", bench.ModelServiceURL, bench.key(t, "owner"), body, &answer)
		if status != http.StatusOK || answer.Response != 8 {
			t.Fatalf("%d %v", status, answer)
		}
		status = call(t, "POST", bench.ModelServiceURL, bench.key(t, "outsider"), body, &answer)
		if status != http.StatusUnauthorized || len(answer.Errors) == 0 {
			t.Fatalf("%d %v", status, answer)
		}
		return
	}
	t.Fatal("there is no model add")
}
