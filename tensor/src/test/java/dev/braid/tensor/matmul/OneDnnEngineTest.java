package dev.braid.tensor.matmul;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.braid.tensor.DType;
import dev.braid.tensor.Memory;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class OneDnnEngineTest {
    @BeforeEach
    void needOneDnn() {
        assumeTrue(OneDnn.missing() == null, () -> "oneDNN cannot run here: " + OneDnn.missing());
    }

    private static void multiply(OneDnnEngine engine, Workspace workspace, MatmulCase each) {
        workspace.require(engine.prepare(each.spec));
        engine.run(each.spec, each.a.address(), each.b.address(), each.c.address(), workspace);
    }

    @Test
    void shouldKeepAPrimitiveForEachSpecAndForgetThemWhenThereAreTooMany() {
        SplittableRandom random = new SplittableRandom(2);
        try (Memory memory = new Memory();
                OneDnnEngine engine = new OneDnnEngine(1, 4)) {
            Workspace workspace = new Workspace(0, memory);
            for (int m = 2; m < 12; m++) {
                MatmulSpec spec = MatmulSpec.dense(m, 3, 5, false, false, DType.F32, DType.F32, false);
                MatmulCase each = new MatmulCase(memory, spec, random);
                multiply(engine, workspace, each);
                multiply(engine, workspace, each);
                each.check("m " + m);
                assertThat(engine.products()).isBetween(1, 4);
            }
        }
    }

    @Test
    void shouldSayWhatTheLibraryRefused() {
        long engine = OneDnn.createEngine();
        assertThatThrownBy(() -> OneDnn.createLayout(-5, 1, OneDnn.F32, 1, 1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("oneDNN refused the matrix description: invalid_arguments");
        OneDnn.destroyEngine(engine);
    }
}
