"""Times training steps of transformers' own CPU code for recurrent layers on random tokens.

usage: mixer_bench.py mamba2|gated_deltanet|olmo_hybrid [--dtype f32|bf16] [--seq 1024] [--batch 4] [--steps 5]

The shapes are those of examples/bench-mixer.yaml with another mixer: width 512. mamba2 and gated_deltanet are two layers
of the mixer without feed-forwards, the latter a stack of OLMo-Hybrid's layer, for its model must have attention; olmo_hybrid is
that model, four layers with feed-forwards, of which the last is attention, as published.
"""
import argparse
import sys
import time
from types import SimpleNamespace

# Its kernels want a GPU; without it transformers takes its plain PyTorch code.
sys.modules["fla"] = None
import torch
from transformers import Mamba2Config, Mamba2ForCausalLM, OlmoHybridConfig, OlmoHybridForCausalLM
from transformers.models.olmo_hybrid.modeling_olmo_hybrid import OlmoHybridGatedDeltaNet, OlmoHybridRMSNorm

WIDTH, VOCABULARY = 512, 1024

parser = argparse.ArgumentParser()
parser.add_argument("mixer", choices=["mamba2", "gated_deltanet", "olmo_hybrid"])
parser.add_argument("--dtype", choices=["f32", "bf16"], default="f32")
parser.add_argument("--seq", type=int, default=1024)
parser.add_argument("--batch", type=int, default=4)
parser.add_argument("--steps", type=int, default=5)
options = parser.parse_args()


class Stack(torch.nn.Module):
    """Two layers of a mixer alone between an embedding and a tied head."""

    def __init__(self, config):
        super().__init__()
        self.embedding = torch.nn.Embedding(VOCABULARY, WIDTH)
        self.mixers = torch.nn.ModuleList(OlmoHybridGatedDeltaNet(config, layer) for layer in range(2))
        self.norms = torch.nn.ModuleList(OlmoHybridRMSNorm(WIDTH) for _ in range(3))

    def forward(self, tokens, labels, use_cache):
        x = self.embedding(tokens)
        for mixer, norm in zip(self.mixers, self.norms):
            x = x + mixer(norm(x))
        logits = torch.nn.functional.linear(self.norms[2](x), self.embedding.weight)
        losses = torch.nn.functional.cross_entropy(logits[:, :-1].float().flatten(0, 1), labels[:, 1:].flatten())
        return SimpleNamespace(loss=losses)


def model():
    if options.mixer == "mamba2":
        return Mamba2ForCausalLM(Mamba2Config(
            hidden_size=WIDTH, num_hidden_layers=2, vocab_size=VOCABULARY, num_heads=16, head_dim=64,
            state_size=64, n_groups=1, expand=2, tie_word_embeddings=True, chunk_size=256))
    hybrid = OlmoHybridConfig(
        hidden_size=WIDTH, num_hidden_layers=4, vocab_size=VOCABULARY, intermediate_size=1408,
        num_attention_heads=8, layer_types=3 * ["linear_attention"] + ["full_attention"], linear_num_key_heads=8,
        linear_num_value_heads=8, linear_key_head_dim=64, linear_value_head_dim=64, tie_word_embeddings=True,
        linear_allow_neg_eigval=False, pad_token_id=None, eos_token_id=None)
    return OlmoHybridForCausalLM(hybrid) if options.mixer == "olmo_hybrid" else Stack(hybrid)


torch.manual_seed(0)
net = model()
net.train()
optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, fused=True)
seconds = []
for step in range(options.steps + 2):
    tokens = torch.randint(0, VOCABULARY, (options.batch, options.seq))
    start = time.perf_counter()
    with torch.autocast("cpu", torch.bfloat16, enabled=options.dtype == "bf16"):
        loss = net(tokens, labels=tokens, use_cache=False).loss
    loss.backward()
    torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad()
    seconds.append(time.perf_counter() - start)
median = sorted(seconds[2:])[options.steps // 2]
print(f"tokens/s={options.batch * options.seq / median:.0f}")
