//! Two pages for browsers: what is served, and how to get the Python client.

use std::fmt::Write as _;

use axum::response::Html;

use crate::workbench::http::operations;
use crate::workbench::http::origin::Origin;

/// `GET /api/v2/swagger.html`: the operations of `swagger.json`, one per row.
pub async fn specification() -> Html<String> {
    let document = operations::specification(super::served());
    let mut rows = String::new();
    for (path, methods) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in methods.as_object().into_iter().flatten() {
            let text = |name: &str| escaped(operation[name].as_str().unwrap_or_default());
            let (method, path) = (method.to_uppercase(), escaped(path));
            let (id, summary) = (text("operationId"), text("summary"));
            // Writing to a String cannot fail.
            let _ = writeln!(
                rows,
                "<tr><td>{method}</td><td><code>{path}</code></td><td>{id}</td><td>{summary}</td></tr>"
            );
        }
    }
    let version = escaped(document["info"]["version"].as_str().unwrap_or_default());
    page(
        "API v2",
        &format!(
            "<p>Version {version}, as this workbench serves it: <a href=\"swagger.json\">swagger.json</a>.</p>\n\
             <table>\n{rows}</table>"
        ),
    )
}

/// `GET /api/v2/python.html`: how to install and use `cmlapi`.
pub async fn python(Origin(url): Origin) -> Html<String> {
    let url = escaped(&url);
    page(
        "Python client",
        &format!(
            "<p>Install it from this workbench:</p>\n<pre>pip install {url}/api/v2/python.tar.gz</pre>\n\
             <p>Then:</p>\n<pre>import cmlapi\n\nclient = cmlapi.default_client(url=\"{url}\", cml_api_key=API_KEY)\n\
             for project in client.list_projects().projects:\n    print(project.name)</pre>"
        ),
    )
}

fn page(title: &str, body: &str) -> Html<String> {
    Html(format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{title}</title>\n\
         <h1>{title}</h1>\n{body}\n</html>\n"
    ))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
