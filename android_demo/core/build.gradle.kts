plugins {
    `java-library`
}

tasks.withType<JavaCompile>().configureEach {
    options.release = 8
    options.encoding = "UTF-8"
}

dependencies {
    testImplementation(libs.junit)
}
