// For people with Android Studio; the project itself builds with Maven (README.md).
plugins {
    alias(libs.plugins.android.application) apply false
    alias(libs.plugins.android.library) apply false
}
