"""The line below the map."""

from __future__ import annotations

from components.embedding_shown import mapping_markup


def test_a_method_that_gets_ready_says_so():
    assert "UMAP …" in mapping_markup("UMAP")
    assert "Preparing UMAP, once after a start …" in mapping_markup("UMAP", is_preparing=True)
