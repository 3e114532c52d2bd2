"""Lists that are longer than a page."""


class Cursor:
    """Every item of a list operation, page after page.

    for project in Cursor(client.list_projects, search_filter='{"name": "churn"}').items():
        print(project.name)
    """

    def __init__(self, list_operation, **parameters):
        self._list = list_operation
        self._parameters = parameters

    def items(self):
        parameters = dict(self._parameters)
        while True:
            page = self._list(**parameters)
            rows = [name for name, kind in page.swagger_types.items() if kind.startswith("list[")]
            yield from getattr(page, rows[0]) or []
            if not page.next_page_token:
                return
            parameters["page_token"] = page.next_page_token
