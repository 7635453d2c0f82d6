package dev.braid.trainer;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;

/** The arrows between modules: each may use those that its entry names, and none else of ours. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ArchitectureTest {
    private static final Map<String, List<String>> MAY_USE = Map.of(
            "config", List.of(),
            "tensor", List.of(),
            "parallelism", List.of("config", "tensor"),
            "models", List.of("config", "tensor", "parallelism"),
            "optimizers", List.of("config", "tensor", "parallelism"),
            "data", List.of("config"),
            "checkpoint", List.of("config", "tensor", "models"),
            "trainer", List.of("config", "tensor", "parallelism", "models", "optimizers", "data", "checkpoint"));

    private static final String[] SPARK = {"org.apache.spark..", "scala..", "org.apache.hadoop.."};

    private JavaClasses braid;

    @BeforeAll
    void read() {
        braid = new ClassFileImporter()
                .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
                .importPackages("dev.braid");
    }

    @Test
    void shouldHaveAnEntryForEveryModule() {
        assertThat(braid.stream().map(type -> type.getPackageName().split("\\.")[2]))
                .isSubsetOf(MAY_USE.keySet())
                .contains("config", "tensor", "trainer");
    }

    @Test
    void shouldDependDownwardsOnly() {
        MAY_USE.forEach((module, allowed) -> {
            List<String> others = new ArrayList<>(MAY_USE.keySet());
            others.remove(module);
            others.removeAll(allowed);
            check(noClasses()
                    .that()
                    .resideInAPackage(in(module))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(
                            others.stream().map(ArchitectureTest::in).toArray(String[]::new)));
        });
    }

    @Test
    void shouldKeepSparkOutOfTensorsModelsOptimizersAndParallelism() {
        for (String module : List.of("config", "tensor", "models", "optimizers", "parallelism")) {
            check(noClasses()
                    .that()
                    .resideInAPackage(in(module))
                    .should()
                    .dependOnClassesThat()
                    .resideInAnyPackage(SPARK));
        }
    }

    @Test
    void shouldKeepAddressesOfTensorsInsideTheModulesThatComputeAndCarry() {
        check(noClasses()
                .that()
                .resideOutsideOfPackages(in("tensor"), in("parallelism"))
                .should()
                .callMethod("dev.braid.tensor.Tensor", "address"));
    }

    @Test
    void shouldFindAClassThatBreaksARule() {
        ArchRule rule = noClasses().should().dependOnClassesThat().resideInAnyPackage(SPARK);

        assertThat(rule.evaluate(braid).getFailureReport().getDetails())
                .anyMatch(line -> line.contains("dev.braid.trainer.spark.BarrierStage"));
    }

    private void check(ArchRule rule) {
        rule.allowEmptyShould(true).check(braid);
    }

    private static String in(String module) {
        return "dev.braid." + module + "..";
    }
}
