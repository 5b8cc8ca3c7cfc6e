"""Drawings as plain shapes, without a library: what becomes SVG, and what `plot` hands to matplotlib."""
