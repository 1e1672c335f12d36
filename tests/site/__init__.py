"""The site: the pages, the tutorial, the specifications as linked text and the API's reference."""
