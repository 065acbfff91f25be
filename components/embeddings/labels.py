"""The words of the tab Embeddings, in one place for a translation."""

from __future__ import annotations

MAP = "Map of the embedding"
NO_MAP = "Press Show for a map of the clip above: each frame is a point, and similar frames lie together."
COLOURS = "Colours"
SEARCH = "Search words, chords, tags"
SEARCH_KEYS = "Enter plays what was found; Escape clears the search"
ISOLATE = "Isolate neighbours"
ABOUT_NEIGHBOURS = "Show only the {} points most similar to the chosen one, by cosine similarity of the embedding, not by the map"
SAVE_VIEW, SAVED_VIEWS, VIEW, DELETE_VIEW = "Save view", "Saved views", "View", "Delete view"
NEWER_VIEWS = "A newer version of Audioscope saved the views of this browser: they are kept, and not shown here."
ABOUT_VIEWS = "Save rotation, zoom, colours and isolated points in this browser"
NO_SOUND = "The sound is left out: the clip is too long for a page."
PLAY_ALL = "Play all"
SELECT = "Select"
SELECT_HOW = "Draw around the points to play"
ZOOM_OUT, ZOOM_IN, FIT = "Zoom out", "Zoom in", "Fit"
ONLY_THIS = "Play only this"
MORE_NAMES = "and {} more"
LOOPED = "{parts}, {seconds} s, in a loop"
STRETCH, STRETCHES = "1 stretch", "{} stretches"
FOUND = "{} of {} points"
MAP_KEYS = "drag or arrows {moves} · scroll or + − zoom · shift ← → step · enter plays · esc plays all"
MAP_DESCRIPTION = (
    "{title}: {points} frames{others} as points in {space}, coloured by {colours}. {thinned}Arrows {moves} it, plus and minus "
    "zoom, Shift with left and right steps through time, Page Down and Page Up take ten steps, Enter plays, Escape ends a "
    "selection."
)
OTHER_CLIPS = " of {} clips"
PLANE, SPACE, MOVE, TURN = "a plane", "space", "move", "turn"
THINNED = "One frame in {stride} of {rows:,} is drawn. "

SHOW, STOP = "Show", "Stop"
ENCODER, LAYER, PROJECTION, DIMENSIONS, COLOUR_BY = "Encoder", "Layer", "Projection", "Dimensions", "Colour by"
DIMENSION_CHOICES = [("2D", 2), ("3D", 3)]
DEFAULT_LAYER = "Default layer"
ADVANCED = "Advanced"
NEIGHBOURS = "Neighbours (UMAP, spectral)"
PERPLEXITY = "Perplexity (t-SNE)"
MIN_DISTANCE = "Minimum distance (UMAP)"
SEED = "Seed"
CLUSTERS = "Clusters (k-means)"
FRAMES_PER_SECOND, FRAME_PER_TOKEN = "{:.3g} frames per second", "One frame per token"
LAYERS_COUNTED, ONE_LAYER = "{} layers", "1 layer"
WIDTH = "{} dimensions"
COLOURINGS = {
    "time": "Time",
    "tag": "Tag",
    "chord": "Chord",
    "beat": "Beat",
    "word": "Word",
    "section": "Section",
    "loudness": "Loudness",
    "k-means": "Cluster (k-means)",
    "hdbscan": "Cluster (HDBSCAN)",
    "clip": "Clip",
}
"""Keys and display names of colourings."""
FOUND_PROPERTY = "a property found in the clip; no {} was found in it"

MAP_TITLE = "{method} of {encoder}"
TRACK = "Embedding"
WHY_MODEL = "Why this model"
PROGRESS = "Progress"
LOADING, OF = "loading the model", "{} of {}"
PREPARING = "Preparing {}, once after a start …"
ANALYSING = "Analysing tags and chords …"
MAP_UNCHANGED = "Stopped. The map is unchanged."
FRAMES, RATE = "{:,} frames", " at {:.3g} Hz"
TIMING = "{duration:.1f} s of audio in {elapsed:.1f} s, map in {mapped:.1f} s"
VARIANCE = " explains {total} of the variance ({parts})"
BY_DEVICE = "{model}, {dtype} on {device}, {licence}"

SIMILAR_FRAMES, SELF_SIMILARITY, DIMENSIONS_TAB = "Similar frames", "Self-similarity", "Dimensions"
NO_POINT = "Choose a point on the map to list the most similar frames of the clip."
NO_OTHER_FRAME = "The clip is too short: no other frame is far enough away to be compared."
CONSTANT = "All frames are equal: no dimension varies."
SHOW_FIRST = "Press Show first."
SIMILAR_TO = "Frames most similar to {}"
SIMILARITY_MEASURE = "Cosine similarity of the centred frames."
ABOUT_SIMILARITY = "Time on both axes, bright is similar; blocks are homogeneous parts, diagonals are repetitions"
ABOUT_DIMENSIONS = "The {shown} of {all} dimensions that vary most, correlated ones side by side"
NORM, CHANGE = "Norm", "Cosine distance to the previous frame"
PLAY_FROM_HERE = "Click to play from here"

LAYERS = "Layers"
NO_LAYERS = "Compare every layer of the encoder with every other, or with those of another encoder."
SAME_ENCODER, COMPARE_WITH, COMPARE_LAYERS = "Same encoder", "Compare with", "Compare layers"
STOPPED = "Stopped."
ROWS_AND_COLUMNS = "Rows: {}; columns: {}"
ABOUT_CKA = "Linear CKA (Kornblith et al. 2019): 1: equal up to rotation and scaling; 0: unrelated."

CLIPS, OTHER_FILES = "Clips", "Other clips"
LIBRARY = "Library"
ABOUT_LIBRARY = "Shared: everyone using this server can open it, and rename and delete its clips."
ABOUT_OWN_LIBRARY = "Yours: other accounts have libraries of their own."
SEARCH_BY_TEXT = "Search by text ({})"
ADD, FIND_SIMILAR = "Add to library", "Find similar"
ON_MAP = "{} clips on one map. A click on a point opens its clip."
ADDED = "Added: {} in the library."
ONE_CLIP, CLIPS_COUNTED = "1 clip", "{} clips"
NO_OTHER_CLIP = "The library has no other clip with this encoder: open clips and add them first."
MOST_SIMILAR = "Most similar to {}, by cosine similarity. Click to open."
EXPIRED, WHOLE_CLIP, PART = "(expired)", "whole clip", "{start}–{end} of {duration}"

EXPORT = "Export"
FORMATS = ("NPZ", "Parquet", "TSV for TensorBoard", "Map as PNG", "Map as JSON", "Map as web page")
ABOUT_FORMATS = (
    "NPZ and Parquet have every frame with its time; the TSV files are for TensorBoard's projector; PNG and JSON have the map. "
    "The web page has the map of the open clip with its sound, and needs no network."
)

LOGIT_LENS = "Logit lens"
NO_TOKENS = "The top tokens of each layer will be here. Choose a clip with speech, then press Run logit lens."
RUN_LENS, MODEL, START = "Run logit lens", "Model", "Start (s)"
WORDS_TRACK, ATTENTION_TRACK = "Words (attention)", "Attention"
WORDS, PLAY_MOMENT = "Words", "Play this moment"
LOADING_MODEL = "Loading the model …"
STOPPED_EARLY = "Stopped before the first token."
NO_SPEECH = "No speech {}, so there are no tokens."
ALL_TOKENS, TOP_TOKENS = "All tokens by layer", "Top tokens"
PREDICTION_DEPTH = "Prediction depth: the top token from here on"
RANK, STEP, COSINE = "Rank", "Step", "Cosine"
ABOUT_RANK = "Rank of this token among all"
ABOUT_STEP = "Euclidean distance from the previous layer"
ABOUT_COSINE = "Cosine similarity to the last layer"
AUDIO_ATTENTION = "Attention to the audio"
ATTENTION_SPAN = "Attention to the audio from {} to {}; highest at {}"
TRAJECTORY = "Trajectory of the token through the layers"
ABOUT_TRAJECTORY = (
    "From the embedding (0) to the last layer, in the first two principal components of all tokens; the others are faint."
)
WORDS_COUNTED = "{words} words in {tokens} tokens, {depth}"
COMPUTED_IN, FROM_STORE = "{window} in {seconds:.1f} s", ", computed before"
STOPPED_AT, AT = "stopped at {position} after {seconds:.1f} s", "{position} of {window}, {seconds:.1f} s"
BETWEEN, ENCODING = "between {} and {}", "Encoding …"
ATTENTION_SHARE = "{} of its attention on the audio"
TOP_FROM, OF_LAYERS = "top token from {layer}{count} on", " of {}"
COMMON_DEPTH = "prediction depth most often {layer} ({share})"
