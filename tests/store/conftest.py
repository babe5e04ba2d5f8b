from tests.databases import both  # noqa: F401
