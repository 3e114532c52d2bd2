import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tests against a Cloudera AI Workbench that keybench stands in for. KEYBENCH names the program. */
class WorkbenchTest {
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    @TempDir static Path data;
    private static Process server;
    private static String ready;

    @BeforeAll
    static void start() throws Exception {
        String program = System.getenv().getOrDefault("KEYBENCH", "keybench");
        server = new ProcessBuilder(
                program, "serve", "--data", data.toString(), "--seed", "demo", "--listen", "127.0.0.1:0",
                "--exit-with-parent")
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
        // One line, once every demo model is deployed.
        ready = new BufferedReader(new InputStreamReader(server.getInputStream())).readLine();
        if (ready == null) {
            throw new IllegalStateException(program + " serve did not start; standard error says why");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.destroy();
        server.waitFor(30, TimeUnit.SECONDS);
    }

    /** The API key of a user of the demo data. */
    private static String key(String username) throws Exception {
        String users = Files.readString(Path.of(text(ready, "credentials")));
        return text(after(users, "\"username\":\\s*\"" + username + '"'), "api_key");
    }

    /** A text member of a JSON document: the first of that name. Use the JSON library that you have. */
    private static String text(String json, String name) {
        Matcher found = Pattern.compile('"' + name + "\":\\s*\"([^\"]*)\"").matcher(json);
        assertTrue(found.find(), () -> "no " + name + " in " + json);
        return found.group(1);
    }

    private static String after(String json, String pattern) {
        return json.split(pattern, 2)[1];
    }

    private static HttpResponse<String> send(String url, String username, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
            .header("Authorization", "Bearer " + key(username))
            .header("Content-Type", "application/json");
        if (body != null) {
            request.POST(HttpRequest.BodyPublishers.ofString(body));
        }
        return HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    @Test
    void aModelAnswersItsCollaboratorsAlone() throws Exception {
        String models = send(text(ready, "url") + "/api/v2/models?page_size=100", "owner", null).body();
        String accessKey = text(after(models, "\"name\":\\s*\"add\""), "access_key");
        String call = "{\"accessKey\": \"" + accessKey + "\", \"request\": {\"a\": 3, \"b\": 5}}";
        String service = text(ready, "model_service_url");
        HttpResponse<String> answered = send(service, "owner", call);
        assertEquals(200, answered.statusCode());
        assertTrue(answered.body().contains("\"response\":8"), answered.body());
        HttpResponse<String> refused = send(service, "outsider", call);
        assertEquals(401, refused.statusCode());
        assertTrue(refused.body().contains("errors"), refused.body());
    }
}
