package dev.braid.trainer.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.braid.parallelism.mesh.Mesh;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PlanTextTest {
    private final Plan plan = Plan.of(Shapes.small(Mesh.of(1, 2, 1), 4));

    @Test
    void shouldPrintATableForAPerson() {
        assertThat(PlanText.of(plan, OptionalLong.empty(), OptionalDouble.of(2e12)))
                .isEqualTo("""
                replicate 1 x shard 2 x tensor 1 = 2 ranks
                         tensor 0
                shard 0         0
                shard 1         1

                77,865,984 parameters, bf16, zero 3; 2 micro-batches of 4 x 1024 tokens a rank, 16,384 tokens a step

                memory of a rank at its peak                         none *        block
                  parameters                                        223 MiB      223 MiB
                  gradients                                         149 MiB      149 MiB
                  optimizer                                         297 MiB      297 MiB
                  units in flight                                   506 MiB      506 MiB
                  activations                                       497 MiB      194 MiB
                  communication                                         0 B          0 B
                  workspace                                        51.3 MiB      3.4 MiB
                  total                                            1.68 GiB     1.34 GiB
                  (columns: train.recompute, * as configured; largest transient: gathered values of a unit, 62.5 MiB)

                sent by a rank in a step
                  replicate                                             0 B
                  shard                                              467 MB
                  tensor                                                0 B

                arithmetic of a step
                  model, all ranks                                8.1 TFLOP
                  carried out by a rank                           4.0 TFLOP
                  tokens/s at 2.0 TFLOP/s a rank                      8.12k
                """);
    }

    @Test
    void shouldSayThatItFits() {
        assertThat(PlanText.of(plan, OptionalLong.of(8L << 30), OptionalDouble.empty()))
                .endsWith("\nfits: 1.68 GiB of 8.00 GiB a rank\n");
    }

    @Test
    void shouldSayWhatToChangeWhenItDoesNotFit() {
        assertThat(PlanText.of(plan, OptionalLong.of(19L << 26), OptionalDouble.empty()))
                .endsWith("""

                does not fit: 1.68 GiB, but a rank may use 1.19 GiB
                one change                                            total        ranks
                  parallel.tensor=2                                 899 MiB            4
                  parallel.shard=4                                 1.07 GiB            4
                  train.recompute=block                            1.34 GiB            2
                  parallel.accumulate=sharded                      1.39 GiB            2
                  batch.microbatch=2                               1.44 GiB            2
                together, until it fits                               total        ranks
                  train.recompute=block                            1.34 GiB            2
                  parallel.accumulate=sharded                      1.18 GiB            2
                """);
    }
}
