"""Printed map sheets: a `gis.atlas.Sheet` → vector PDF, PNG or SVG. `render.render` is the one way in."""
